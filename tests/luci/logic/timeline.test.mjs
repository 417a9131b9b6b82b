import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from '../support/load.mjs';

const timeline = load('certkeeper.timeline');
const DAY = 86400;
const NOW = 1_800_000_000;

const certificate = (from, to, due, ari) => ({ not_before: NOW + from * DAY, not_after: NOW + to * DAY, due: NOW + due * DAY, ari });

test('a bar lies within its certificate', () => {
	const b = timeline.bar(certificate(-30, 60, 30), NOW);
	assert.deepEqual(b, { now: 33.3, window: [66.7, 66.7], mood: 'good' });
	const ari = timeline.bar(certificate(-30, 60, 30, { start: NOW + 24 * DAY, end: NOW + 33 * DAY }), NOW);
	assert.deepEqual(ari.window, [60, 70]);
});

test('the mood follows what is left', () => {
	const mood = (from, to, due) => timeline.bar(certificate(from, to, due), NOW).mood;
	assert.equal(mood(-10, 80, 50), 'good');
	assert.equal(mood(-70, 20, -1), 'wait');
	assert.equal(mood(-87, 3, -20), 'bad');
	assert.equal(mood(-91, -1, -30), 'bad');
});

test('what nothing renews has no window and no mark', () => {
	const broken = { not_before: NOW - 10 * DAY, not_after: NOW + 80 * DAY };
	assert.deepEqual(timeline.bar(broken, NOW), { now: 11.1, window: null, mood: 'wait' });
	const [row] = timeline.chart([{ section: 'broken', certificate: broken }], NOW).rows;
	assert.deepEqual([row.due, row.mood], [null, 'wait']);
});

test('a bar is never outside, whatever the times are', () => {
	for (const c of [certificate(1, 90, 60), certificate(-90, -1, -30), certificate(0, 0, 0), certificate(-10, 10, 20)]) {
		const b = timeline.bar(c, NOW);
		for (const x of [b.now, ...b.window])
			assert.ok(x >= 0 && x <= 100, JSON.stringify(b));
		assert.ok(b.window[1] >= b.window[0]);
	}
});

test('the chart orders by end and cuts what lasts for years', () => {
	const documents = [
		{ section: 'late', certificate: certificate(-10, 80, 50) },
		{ section: 'soon', certificate: certificate(-80, 10, -20) },
		{ section: 'none' },
		{ section: 'years', certificate: certificate(-400, 3000, 2000) }
	];
	const c = timeline.chart(documents, NOW);
	assert.deepEqual(c.rows.map(r => r.section), ['soon', 'late', 'years']);
	assert.deepEqual(c.rows.map(r => r.cut), [false, false, true]);
	assert.ok(c.to - c.from <= 520 * DAY);
	for (const r of c.rows) {
		assert.ok(r.x >= 0 && r.width >= 0 && r.x + r.width <= 1.0000001);
		assert.ok(r.due >= 0 && r.due <= 1);
	}
	assert.ok(c.now > 0 && c.now < 1);
	assert.equal(timeline.chart([{ section: 'none' }], NOW), null);
});

test('the axis has a few round days', () => {
	for (const days of [2, 7, 30, 90, 365, 3000]) {
		const ticks = timeline.ticks(NOW, NOW + days * DAY, 8);
		assert.ok(ticks.length >= 1 && ticks.length <= 9, `${days}: ${ticks.length}`);
		assert.ok(ticks.every(at => at >= NOW && at <= NOW + days * DAY));
		assert.equal(new Date(ticks[0] * 1000).getHours(), 0);
	}
});

test('100 certificates are laid out in a moment', () => {
	const documents = Array.from({ length: 100 }, (_, i) => ({ section: `s${i}`, certificate: certificate(-i % 60, 90 - i % 60, 60 - i % 60) }));
	const begin = process.hrtime.bigint();
	timeline.chart(documents, NOW);
	assert.ok(process.hrtime.bigint() - begin < 50_000_000n);
});
