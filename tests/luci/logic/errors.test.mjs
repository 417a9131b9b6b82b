import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from '../support/load.mjs';

const errors = load('certkeeper.errors');

// What LuCI 24.10 and 25.12 throw.
const THROWN = [
	['RPC call to certkeeper/status failed with error -32000: Object not found', 'absent'],
	['RPC call to certkeeper/status failed with ubus code 4: Resource not found', 'absent'],
	['RPC call to certkeeper/renew failed with error -32002: Access denied', 'refused'],
	['RPC call to certkeeper/renew failed with ubus code 6: Permission denied', 'refused'],
	['RPC call to certkeeper/renew failed with error -32601: Method not found', 'old'],
	['RPC call to certkeeper/renew failed with ubus code 3: Method not found', 'old'],
	['RPC call to certkeeper/status failed with ubus code 7: Request timed out', 'timeout'],
	['XHR request timed out', 'timeout'],
	['RPC call to certkeeper/status failed with HTTP error 502: Bad Gateway', 'lost'],
	['XHR request aborted by browser', 'timeout'],
	['something else', 'other']
];

test('each failure has a sentence of its own, and what helps', () => {
	const sentences = new Map();
	for (const [text, kind] of THROWN) {
		const error = errors.classify(new Error(text));
		assert.equal(error.kind, kind, text);
		assert.ok(error.message && error.remedy);
		sentences.set(kind, error.message);
	}
	for (const kind of ['clock', 'bundle', 'menu'])
		sentences.set(kind, errors.make(kind).message);
	assert.equal(new Set(sentences.values()).size, sentences.size);
});

test('what the agent says stands as it says it', () => {
	assert.deepEqual(errors.told({ code: 'busy', message: 'm', remedy: 'r' }), { kind: 'busy', message: 'm', remedy: 'r' });
	assert.equal(errors.told({ message: 'm' }).remedy, '');
});

test('what the router lacks is told, what is not known is not', () => {
	assert.deepEqual(errors.lacks({}), []);
	assert.deepEqual(errors.lacks({ clock_set: true, ca_bundle: true }), []);
	assert.deepEqual(errors.lacks({ clock_set: false, ca_bundle: false }).map(e => e.kind), ['clock', 'bundle']);
});
