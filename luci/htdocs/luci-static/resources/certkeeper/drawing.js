'use strict';
'require baseclass';
'require certkeeper.format as format';
'require certkeeper.timeline as timeline';

/* Lifetimes as pictures: a bar of one certificate, a timeline of all. */

function bar(certificate, now) {
	const b = timeline.bar(certificate, now);
	const from = format.day(certificate.not_before), to = format.day(certificate.not_after);
	const title = b.window
		? _('Valid from %s until %s, renewal from %s on').format(from, to, format.day(certificate.due))
		: _('Valid from %s until %s; nothing renews it').format(from, to);

	return E('div', { 'class': 'ck-bar ck-' + b.mood, 'role': 'img', 'aria-label': title, 'title': title }, [
		E('span', { 'class': 'ck-bar-past', 'style': 'width:%f%%'.format(b.now) }),
		b.window ? E('span', { 'class': 'ck-bar-window', 'style': 'left:%f%%;width:%f%%'.format(b.window[0], Math.max(b.window[1] - b.window[0], 0.8)) }) : '',
		E('span', { 'class': 'ck-bar-now', 'style': 'left:%f%%'.format(b.now) })
	]);
}

const SVG = 'http://www.w3.org/2000/svg';

function svg(name, attributes, children) {
	const node = document.createElementNS(SVG, name);

	Object.keys(attributes || {}).forEach(key => node.setAttribute(key, attributes[key]));
	[].concat(children || []).forEach(child => node.appendChild(typeof child === 'string' ? document.createTextNode(child) : child));

	return node;
}

const WIDTH = 1000, LEFT = 170, RIGHT = 20, ROW = 22, TOP = 26;

function chart(documents, now) {
	const drawn = timeline.chart(documents, now);

	if (!drawn)
		return '';

	const x = share => LEFT + share * (WIDTH - LEFT - RIGHT);
	const height = TOP + drawn.rows.length * ROW + 8;
	const parts = drawn.ticks.map(tick => svg('g', { 'class': 'ck-tick' }, [
		svg('line', { x1: x(tick.x), x2: x(tick.x), y1: TOP - 4, y2: height }),
		svg('text', { x: x(tick.x), y: 12, 'text-anchor': 'middle' }, format.day(tick.at))
	]));

	drawn.rows.forEach((row, index) => {
		const y = TOP + index * ROW;
		const end = row.certificate.not_after;
		const name = row.section.length > 24 ? row.section.slice(0, 23) + '…' : row.section;

		const renewal = row.due === null ? [] : svg('path', { 'class': 'ck-due', d: 'M%f %d l5 5 l-5 5 l-5 -5 z'.format(x(row.due), y + 5.5) });

		parts.push(svg('g', { 'class': 'ck-life ck-' + row.mood }, [
			svg('title', {}, '%s: %s – %s'.format(row.section, format.day(row.certificate.not_before), format.day(end))),
			svg('text', { x: LEFT - 8, y: y + 14, 'text-anchor': 'end' }, name),
			svg('rect', { x: x(row.x), y: y + 4, width: Math.max(x(row.x + row.width) - x(row.x), 2), height: 13, rx: 3 })
		].concat(renewal)));
	});

	parts.push(svg('line', { 'class': 'ck-today', x1: x(drawn.now), x2: x(drawn.now), y1: TOP - 8, y2: height }));

	const soonest = drawn.rows[0];
	return svg('svg', {
		'class': 'ck-chart', viewBox: '0 0 %d %d'.format(WIDTH, height), role: 'img',
		'aria-label': _('Lifetimes of %d certificates; the first to end is %s, %s').format(
			drawn.rows.length, soonest.section, format.end(soonest.certificate.not_after, now))
	}, parts);
}

return baseclass.extend({ bar: bar, chart: chart });
