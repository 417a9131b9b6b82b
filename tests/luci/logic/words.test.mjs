import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { app, catalogue, unreadable, used, written } from '../support/words.mjs';

const german = catalogue(join(app, 'po/de/certkeeper.po'));

test('the template has every text, and no other', () => {
	assert.equal(readFileSync(join(app, 'po/templates/certkeeper.pot'), 'utf8'), written(null, null), 'run `node po.mjs` in tests/luci');
	assert.deepEqual(unreadable(), []);
	assert.ok(used().length > 200);
});

test('German has every text, and no other', () => {
	const texts = used().map(w => w.text);
	assert.deepEqual(texts.filter(text => !german.has(text) || german.get(text).some(said => said === '')), []);
	assert.deepEqual([...german.keys()].filter(text => !texts.includes(text)), []);
});

test('a translation has the same places for values', () => {
	const places = text => (text.match(/%[sdf]/g) || []).sort();
	for (const { text, plural } of used()) {
		german.get(text).forEach((said, i) => assert.deepEqual(places(said), places(i && plural ? plural : text), said));
		assert.equal(german.get(text).length, plural ? 2 : 1, text);
	}
});
