import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from '../support/load.mjs';

const format = load('certkeeper.format');
const words = load('certkeeper.words');
const NOW = 1_800_000_000;

test('spans are told in their largest unit', () => {
	for (const [seconds, text] of [
		[0, '0 seconds'], [1, '1 second'], [59, '59 seconds'], [60, '1 minute'], [3599, '59 minutes'], [3600, '1 hour'],
		[47 * 3600, '47 hours'], [48 * 3600, '2 days'], [90 * 86400, '90 days'], [-120, '2 minutes']
	])
		assert.equal(format.span(seconds), text);
});

test('what has come is now, what has ended is ago', () => {
	assert.equal(format.coming(NOW, NOW), 'now');
	assert.equal(format.coming(NOW + 7200, NOW), 'in 2 hours');
	assert.equal(format.end(NOW - 7200, NOW), '2 hours ago');
	assert.equal(format.end(NOW + 86400 * 3, NOW), 'in 3 days');
});

test('serials are pairs of digits', () => {
	assert.equal(format.hex('0a1b2c'), '0A:1B:2C');
	assert.equal(format.hex('0A:1B'), '0A:1B');
	assert.equal(format.hex(undefined), '');
});

test('of many names the first are shown', () => {
	assert.equal(format.names(['a', 'b'], 2), 'a, b');
	assert.equal(format.names(['a', 'b', 'c'], 2), 'a, b, 1 more');
	assert.equal(format.names(undefined, 2), '');
});

test('lines of a log become stages with their times', () => {
	const lines = [
		'2027-01-15T08:00:00Z account     the account is there',
		'2027-01-15T08:00:01Z order       asked',
		'2027-01-15T08:00:02Z order       got',
		'2027-01-15T08:00:05Z challenge   presented',
		'no stage at all'
	];
	const begin = Date.parse('2027-01-15T08:00:00Z') / 1000;
	assert.deepEqual(format.stages(lines, words.STAGES), [
		{ stage: 'account', at: begin, until: begin + 1, text: 'the account is there' },
		{ stage: 'order', at: begin + 1, until: begin + 5, text: 'got' },
		{ stage: 'challenge', at: begin + 5, until: begin + 5, text: 'presented' }
	]);
});

test('lines of a job have the times they were seen at', () => {
	const stages = format.stages(['web account     a', 'web order       b'], words.STAGES, [10, 12]);
	assert.deepEqual(stages.map(s => [s.stage, s.at, s.until]), [['account', 10, 12], ['order', 12, 12]]);
});

test('every state, stage and record has its words', () => {
	for (const state of ['disabled', 'initializing', 'initialized', 'banned', 'valid', 'deferred', 'dns_error', 'connection_error', 'invalid', 'internal_error', 'not_checked'])
		assert.notEqual(words.state(state)[0], state);
	assert.deepEqual(words.state('dns_error'), ['DNS error', 'bad']);
	assert.deepEqual(words.record('not_ready'), ['Not ready', 'off']);
	assert.deepEqual(words.state('brand_new'), ['brand_new', 'off']);
	assert.equal(words.STAGES.length, 11);
});
