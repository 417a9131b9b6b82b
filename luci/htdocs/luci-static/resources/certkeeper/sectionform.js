'use strict';
'require baseclass';
'require form';
'require uci';
'require ui';
'require certkeeper.api as api';
'require certkeeper.context as context';
'require certkeeper.save as save';
'require certkeeper.validate as validate';
'require certkeeper.widgets as widgets';

/* A dialog for one section of the configuration: a copy is edited, "Save" writes it.

   what: {kind, title, options, lists, fields(s, known), secrets(map, name)}
   section: its name; null makes a new one. Resolves to the name, or null when nothing was saved. */
function open(what, section, given) {
	return context.load().then(known => new Promise((done, fail) => {
		const saved = section === null ? given || {} : uci.get('certkeeper', section) || {};
		const copy = {};

		what.options.forEach(option => {
			if (saved[option] !== undefined)
				copy[option] = what.lists.indexOf(option) >= 0 ? context.list(saved[option]) : saved[option];
		});

		const map = new form.JSONMap({ it: copy }, null, null);
		const s = map.section(form.NamedSection, 'it', what.kind);
		const place = E('div', {});

		map.readonly = !api.mayWrite();

		if (section === null) {
			const o = s.option(form.Value, '_name', _('Name'), _('What this is called in the configuration.'));
			o.rmempty = false;
			o.default = given && given._name || '';
			o.validate = (id, value) => {
				const fault = validate.section(value);
				return fault !== true ? fault : known.taken().indexOf(value) < 0 || _('There is a section of that name already.');
			};
		}

		what.fields(s, known, section);

		const store = () => map.parse().then(() => {
			const values = map.data.data.it;
			const name = section === null ? values._name : section;
			const secret = what.secrets ? what.secrets(map, values) : null;

			if (section === null)
				uci.add('certkeeper', what.kind, name);

			context.put(name, values, what.options);
			return save.commit(secret ? { [name]: secret } : {}).then(() => { widgets.close(); done(name); });
		}).catch(error => save.forget().then(() => {
			L.dom.content(place, widgets.message('error', null, error.message || String(error)));
		}));

		map.render().then(node => {
			widgets.dialog('%s %s'.format(what.title, section || '').trim(), [node, place], [
				widgets.button(_('Cancel'), 'neutral', () => { widgets.close(); done(null); }),
				widgets.deed(_('Save'), 'positive', ui.createHandlerFn(null, store), { 'class': 'btn cbi-button cbi-button-positive important' })
			], true);
		}).catch(fail);
	}));
}

/* Removes a section with its secrets. */
function remove(section) {
	return uci.load('certkeeper').then(() => {
		uci.remove('certkeeper', section);
		return save.commit({ [section]: null });
	});
}

return baseclass.extend({ open: open, remove: remove });
