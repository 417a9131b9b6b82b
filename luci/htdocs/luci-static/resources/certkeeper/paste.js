'use strict';
'require baseclass';

/* A place for PEM text: typed, pasted, dropped or read from a file. */

/* Bytes of DER become PEM, so that one field takes both. */
function text(buffer, label) {
	const bytes = new Uint8Array(buffer);
	const plain = new TextDecoder('utf-8').decode(bytes);

	if (plain.indexOf('-----BEGIN') >= 0)
		return plain;

	const base64 = window.btoa(Array.from(bytes, b => String.fromCharCode(b)).join(''));
	return '-----BEGIN %s-----\n%s\n-----END %s-----\n'.format(label, base64.replace(/(.{64})/g, '$1\n'), label);
}

/* {node, value()} */
function create(id, title, hint, label) {
	const area = E('textarea', { 'id': id, 'class': 'cbi-input-textarea', 'spellcheck': 'false', 'autocomplete': 'off', 'placeholder': '-----BEGIN %s-----'.format(label) });
	const take = file => file ? file.arrayBuffer().then(buffer => { area.value = text(buffer, label); }) : Promise.resolve();
	const input = E('input', { 'type': 'file', 'aria-label': _('File: %s').format(title), 'change': ev => take(ev.target.files[0]) });

	area.addEventListener('dragover', ev => ev.preventDefault());
	area.addEventListener('drop', ev => {
		if (ev.dataTransfer.files.length) {
			ev.preventDefault();
			take(ev.dataTransfer.files[0]);
		}
	});

	return {
		node: E('div', { 'class': 'ck-field' }, [E('label', { 'for': id }, [title]), E('div', {}, [area, E('div', {}, input), E('p', { 'class': 'ck-hint' }, [hint || ''])])]),
		value() { return area.value.trim(); },
		clear() { area.value = ''; input.value = ''; }
	};
}

return baseclass.extend({ create: create });
