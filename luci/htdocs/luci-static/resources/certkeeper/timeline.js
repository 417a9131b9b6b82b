'use strict';
'require baseclass';
'require certkeeper.format as format';

/* Where things lie in a drawing of lifetimes. Numbers alone; nothing is drawn here. */

function share(at, from, to) {
	return to <= from ? 0 : Math.min(1, Math.max(0, (at - from) / (to - from)));
}

/* One certificate's bar, everything in percent of its validity; no window where nothing is to renew it. */
function bar(certificate, now) {
	const from = certificate.not_before, to = certificate.not_after;
	const percent = at => Math.round(share(at, from, to) * 1000) / 10;
	const ari = certificate.ari && certificate.ari.start ? certificate.ari : null;
	const start = ari ? ari.start : certificate.due;
	const end = ari ? ari.end : certificate.due;
	const left = to - now;
	let mood = 'good';

	if (left <= 0)
		mood = 'bad';
	else if (left < (to - from) / 20)
		mood = 'bad';
	else if (!certificate.due || now > certificate.due)
		mood = 'wait';

	return {
		now: percent(now), window: certificate.due ? [percent(start), Math.max(percent(end), percent(start))] : null,
		mood: mood
	};
}

const STEPS = [1, 2, 5, 10, 15, 30, 61, 91, 182, 365, 730, 1826];

/* Round days for the axis, at most `most` of them. */
function ticks(from, to, most) {
	const days = (to - from) / format.DAY;
	const step = (STEPS.filter(s => days / s <= most)[0] || STEPS[STEPS.length - 1]) * format.DAY;
	const first = new Date(from * 1000);
	const out = [];

	first.setHours(24, 0, 0, 0);
	for (let at = first.getTime() / 1000; at <= to; at += step)
		out.push(at);

	return out;
}

/* All certificates on one axis: `rows` with x and width between 0 and 1, soonest end first. */
function chart(documents, now) {
	const held = documents.filter(d => d.certificate);

	if (!held.length)
		return null;

	/* A local root or an uploaded certificate of ten years would press all others to a stroke. */
	const year = now + 400 * format.DAY;
	const from = Math.min.apply(null, held.map(d => Math.max(d.certificate.not_before, now - 120 * format.DAY)).concat([now]));
	const to = Math.max.apply(null, held.map(d => Math.min(d.certificate.not_after, year)).concat([now + format.DAY]));
	const rows = held.slice().sort((a, b) => a.certificate.not_after - b.certificate.not_after).map(function(d) {
		const c = d.certificate, start = share(c.not_before, from, to), end = share(c.not_after, from, to);
		return {
			section: d.section, x: start, width: end - start, due: c.due ? share(c.due, from, to) : null,
			mood: bar(c, now).mood, cut: c.not_before < from || c.not_after > to, certificate: c
		};
	});

	return { from: from, to: to, now: share(now, from, to), rows: rows, ticks: ticks(from, to, 8).map(at => ({ at: at, x: share(at, from, to) })) };
}

return baseclass.extend({ share: share, bar: bar, ticks: ticks, chart: chart });
