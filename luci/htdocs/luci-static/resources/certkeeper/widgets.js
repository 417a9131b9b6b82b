'use strict';
'require baseclass';
'require ui';
'require certkeeper.api as api';

/* The parts that all pages are made of. */

/* One stylesheet for pages and card; once a document. */
if (!document.querySelector('link[data-certkeeper]'))
	document.head.appendChild(E('link', { 'rel': 'stylesheet', 'href': L.resource('certkeeper/certkeeper.css'), 'data-certkeeper': '' }));

/* Colour and text, and a sign for who sees no colours. */
const SIGNS = { good: '✓', bad: '✗', wait: '…', busy: '↻', off: '–' };

function badge(pair, title) {
	return E('span', { 'class': 'ck-badge ck-' + pair[1], 'title': title || null }, [
		E('span', { 'class': 'ck-sign', 'aria-hidden': 'true' }, [SIGNS[pair[1]]]), pair[0]
	]);
}

/* A real button. `kind`: action, positive, negative, neutral. */
function button(text, kind, click, attributes) {
	return E('button', Object.assign({
		'type': 'button', 'class': 'btn cbi-button cbi-button-' + kind, 'click': click
	}, attributes || {}), [].concat(text));
}

/* A button of those who may change things; others see it, but cannot press it. */
function deed(text, kind, click, attributes) {
	const locked = api.mayWrite() ? {} : { 'disabled': 'disabled', 'title': _('This login may only look.') };
	return button(text, kind, click, Object.assign({}, attributes, locked));
}

function message(kind, title, text, more) {
	return E('div', { 'class': 'alert-message ' + kind, 'role': kind === 'notice' ? 'status' : 'alert' }, [
		title ? E('h4', {}, [title]) : '', text ? E('p', {}, [].concat(text)) : '', more || ''
	]);
}

/* An error with what helps against it. */
function failure(error, again) {
	const actions = [];

	if (error.kind === 'absent' && again)
		actions.push(deed(_('Start the agent'), 'action', ui.createHandlerFn(null, () => api.startAgent().then(again, again))));
	else if (again)
		actions.push(button(_('Try again'), 'neutral', again));

	return message(error.kind === 'lost' || error.kind === 'timeout' ? 'warning' : 'error', error.message, error.remedy,
		E('div', { 'class': 'ck-buttons' }, actions));
}

/* Where the focus was before the dialog that is open. */
let opener = null;

/* LuCI has one box for all dialogs, its own too. */
function unmark(box) {
	['role', 'aria-modal', 'aria-label'].forEach(name => box.removeAttribute(name));
	box.removeEventListener('keydown', stay);
}

/* The Tab key stays in the dialog. */
function stay(ev) {
	const all = [...this.querySelectorAll('a[href], button, input, select, textarea, [tabindex="0"]')].filter(n => !n.disabled && n.offsetParent);
	const edge = ev.shiftKey ? all[0] : all[all.length - 1];

	if (ev.key === 'Tab' && all.length && (document.activeElement === edge || !this.contains(document.activeElement))) {
		ev.preventDefault();
		(ev.shiftKey ? all[all.length - 1] : all[0]).focus();
	}
}

function close() {
	unmark(document.querySelector('#modal_overlay > .modal'));
	ui.hideModal();

	if (opener && document.body.contains(opener))
		opener.focus();

	opener = null;
}

/* Draws a part of the page anew: work() does it, and returns what stands there then. The focus, and where a dialog
   gives it back to, go to the button in the same place. */
function redraw(before, work) {
	const buttons = node => [...node.querySelectorAll('button')];
	const [focus, back] = [document.activeElement, opener].map(button => buttons(before).indexOf(button));
	const now = buttons(work());
	const twin = at => now[at] && !now[at].disabled ? now[at] : now.filter(button => !button.disabled)[0];

	if (focus >= 0 && twin(focus))
		twin(focus).focus();

	if (back >= 0)
		opener = twin(back) || null;
}

/* A dialog. Closing it gives the focus back to where it came from; Escape presses the first button. */
function dialog(title, content, buttons, wide) {
	if (!document.body.classList.contains('modal-overlay-active'))
		opener = document.activeElement;

	const all = buttons && buttons.length ? buttons : [button(_('Close'), 'neutral', close)];
	const box = ui.showModal(title, [].concat(content, E('div', { 'class': 'right ck-buttons' }, all)), 'ck-dialog', wide ? 'ck-wide' : 'ck-narrow');

	box.addEventListener('keydown', stay);
	box.setAttribute('role', 'dialog');
	box.setAttribute('aria-modal', 'true');
	box.setAttribute('aria-label', title);

	const first = box.querySelector('input:not([type=hidden]):not([disabled]), select, textarea') || box.querySelector('.right button');
	if (first)
		first.focus();

	return box;
}

/* Asks before something is done that cannot be undone. */
function ask(title, text, verb, todo, more) {
	dialog(title, [].concat(E('p', {}, [].concat(text)), more || []), [
		button(_('Cancel'), 'neutral', close),
		deed(verb, 'negative', () => { close(); todo(); })
	]);
}

/* A link to elsewhere. What a CA names may be no page at all. */
function link(url, text) {
	return /^https?:\/\//i.test(url) ? E('a', { 'href': url, 'target': '_blank', 'rel': 'noreferrer' }, [text || url]) : E('span', {}, [url]);
}

/* Name and value, one a line. */
function facts(rows) {
	return E('dl', { 'class': 'ck-facts' }, rows.filter(row => row && row[1] !== null && row[1] !== undefined && row[1] !== '')
		.reduce((list, row) => list.concat([E('dt', {}, [row[0]]), E('dd', {}, [].concat(row[1]))]), []));
}

function say(text) {
	/* 24.10 has no notification that goes by itself. */
	if (ui.addTimeLimitedNotification)
		ui.addTimeLimitedNotification(null, E('p', {}, [text]), 4000, 'info');
	else
		ui.addNotification(null, E('p', {}, [text]), 'info');
}

/* The clipboard's interface is there over HTTPS alone. */
function copy(text) {
	const field = E('textarea', { 'class': 'ck-away' }, [text]);
	const old = () => {
		const before = document.activeElement;
		(before && before.closest('.modal') || document.body).appendChild(field);
		field.select();
		document.execCommand('copy');
		field.remove();
		before && before.focus();
		return Promise.resolve();
	};

	return (navigator.clipboard && window.isSecureContext ? navigator.clipboard.writeText(text).catch(old) : old());
}

function copyButton(text, what, small) {
	const self = button(_('Copy'), 'neutral', () => copy(text).then(() => {
		self.textContent = _('Copied');
		window.setTimeout(() => { self.textContent = _('Copy'); }, 1500);
	}), { 'aria-label': _('Copy %s').format(what), 'class': 'btn cbi-button cbi-button-neutral' + (small ? ' ck-small' : '') });

	return self;
}

function download(name, text) {
	const url = URL.createObjectURL(new Blob([text], { type: 'application/x-pem-file' }));
	const link = E('a', { 'href': url, 'download': name, 'class': 'ck-away' });

	document.body.appendChild(link);
	link.click();
	link.remove();
	window.setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/* A text to look at, copy and keep. */
function paper(text, name, what) {
	return E('div', {}, [
		E('pre', { 'class': 'ck-paper', 'tabindex': '0', 'aria-label': what }, [text]),
		E('div', { 'class': 'ck-buttons' }, [copyButton(text, what), button(_('Download'), 'neutral', () => download(name, text))])
	]);
}

/* A head with what the page is for, and its buttons. */
function head(title, text, buttons) {
	return E('div', { 'class': 'ck-head' }, [
		E('div', {}, [E('h2', {}, [title]), E('p', { 'class': 'cbi-map-descr' }, [].concat(text))]),
		E('div', { 'class': 'ck-buttons' }, [].concat(buttons || []))
	]);
}

/* One thing in a list: title line, what is known, what can be done. */
function entry(title, content, buttons) {
	return E('article', { 'class': 'ck-entry' }, [
		E('h3', { 'class': 'ck-entry-title' }, [].concat(title)), E('div', { 'class': 'ck-entry-body' }, [].concat(content)),
		E('div', { 'class': 'ck-buttons' }, buttons)
	]);
}

function empty(text) {
	return E('p', { 'class': 'ck-empty' }, [].concat(text));
}

/* Shows `content` in `place` when it comes, or why it does not come. */
function fill(place, promise, draw, again) {
	return promise.then(answer => { L.dom.content(place, draw(answer)); },
		error => { L.dom.content(place, failure(error.kind ? error : { kind: 'other', message: String(error.message || error), remedy: '' }, again)); });
}

return baseclass.extend({
	badge: badge, button: button, deed: deed, message: message, failure: failure, dialog: dialog, close: close, redraw: redraw, ask: ask,
	facts: facts, link: link, say: say, copyButton: copyButton, download: download, paper: paper, head: head, entry: entry,
	empty: empty, fill: fill
});
