'use strict';
'require baseclass';

/* Times, spans and names in words. Times are seconds since the epoch, by the router's clock. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/* A span of time in its largest unit, as people say it. */
function span(seconds) {
	const s = Math.max(0, Math.round(Math.abs(seconds)));

	if (s < MINUTE)
		return N_(s, '%d second', '%d seconds').format(s);

	if (s < HOUR)
		return N_(Math.floor(s / MINUTE), '%d minute', '%d minutes').format(Math.floor(s / MINUTE));

	if (s < 2 * DAY)
		return N_(Math.floor(s / HOUR), '%d hour', '%d hours').format(Math.floor(s / HOUR));

	return N_(Math.floor(s / DAY), '%d day', '%d days').format(Math.floor(s / DAY));
}

/* When something comes: `in 3 days`, `now`. */
function coming(at, now) {
	return at <= now ? _('now') : _('in %s').format(span(at - now));
}

/* The end of a validity: `in 60 days`, `2 days ago`. */
function end(at, now) {
	return at <= now ? _('%s ago').format(span(now - at)) : _('in %s').format(span(at - now));
}

function two(n) {
	return (n < 10 ? '0' : '') + n;
}

function day(at) {
	const d = new Date(at * 1000);
	return '%d-%s-%s'.format(d.getFullYear(), two(d.getMonth() + 1), two(d.getDate()));
}

/* Date and time of the browser's zone. */
function moment(at) {
	const d = new Date(at * 1000);
	return '%s %s:%s'.format(day(at), two(d.getHours()), two(d.getMinutes()));
}

function clock(at) {
	const d = new Date(at * 1000);
	return '%s:%s:%s'.format(two(d.getHours()), two(d.getMinutes()), two(d.getSeconds()));
}

/* Pairs of hexadecimal digits, as browsers show serials and fingerprints. */
function hex(text) {
	return String(text || '').toUpperCase().replace(/[^0-9A-F]/g, '').replace(/(..)(?=.)/g, '$1:');
}

/* The first names, and how many more there are. */
function names(all, most) {
	const list = all || [];

	if (list.length <= most)
		return list.join(', ');

	const rest = list.length - most;
	return '%s, %s'.format(list.slice(0, most).join(', '), N_(rest, '%d more', '%d more').format(rest));
}

/* A line of a section's log or of a job: `[time] stage text` or `section stage text`. */
function step(line, stages) {
	const parts = /^(\S+)\s+(\S+)\s*(.*)$/.exec(line || '');

	if (!parts || stages.indexOf(parts[2]) < 0)
		return { at: null, stage: null, text: line || '' };

	const at = Date.parse(parts[1]);
	return { at: isNaN(at) ? null : at / 1000, stage: parts[2], text: parts[3] };
}

/* The stages that a run has been through, each with its first time and its last line. `times` are
   those of lines that have none themselves. */
function stages(lines, known, times) {
	const out = [];

	lines.forEach(function(line, index) {
		const s = step(line, known);
		const last = out[out.length - 1];

		if (!s.stage)
			return;

		if (s.at === null && times)
			s.at = times[index];

		if (last && last.stage === s.stage) {
			last.text = s.text || last.text;
			last.until = s.at;
		}
		else {
			if (last && s.at !== null)
				last.until = s.at;
			out.push({ stage: s.stage, at: s.at, until: s.at, text: s.text });
		}
	});

	return out;
}

return baseclass.extend({
	DAY: DAY, span: span, coming: coming, end: end, day: day, moment: moment, clock: clock,
	hex: hex, names: names, step: step, stages: stages
});
