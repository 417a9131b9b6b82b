'use strict';
'require baseclass';
'require certkeeper.format as format';

/* What the overview says of all certificates. */

const FAILING = ['banned', 'dns_error', 'connection_error', 'invalid', 'internal_error'];

function failing(d) {
	return FAILING.indexOf(d.state) >= 0 || d.state === 'valid' && d.last_attempt && d.last_attempt.problem;
}

function sum(documents, now) {
	const counted = documents.filter(d => d.state !== 'disabled');
	const held = counted.filter(d => d.certificate && d.source !== 'staging')
		.sort((a, b) => a.certificate.not_after - b.certificate.not_after);

	return {
		all: counted.length,
		valid: counted.filter(d => d.state === 'valid' && d.source !== 'staging').length,
		running: counted.filter(d => d.stage).length,
		failing: counted.filter(failing).map(d => d.section),
		soonest: held.length ? held[0].section : null,
		ends: held.length ? format.end(held[0].certificate.not_after, now) : null
	};
}

return baseclass.extend({ sum: sum });
