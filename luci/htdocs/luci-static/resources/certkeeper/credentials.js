'use strict';
'require baseclass';
'require dom';
'require form';
'require ui';
'require certkeeper.widgets as widgets';

/* A form field for the settings of a DNS provider: a line for each that its descriptor names. Secrets
   are never shown, only whether they are set; they do not go where the other settings go. */

/* 'NAME=value' → [NAME, value] */
function split(text) {
	const at = String(text).indexOf('=');
	return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1).replace(/^(["'])(.*)\1$/, '$2')];
}

const Fields = ui.AbstractElement.extend({
	/* known: names of secrets that are set; provider: its descriptor, or null */
	__init__(id, values, provider, known, readonly) {
		this.id = id;
		this.values = {};
		(values || []).forEach(text => { const pair = split(text); this.values[pair[0]] = pair[1]; });
		this.provider = provider;
		this.known = known || [];
		this.readonly = readonly;
		this.secrets = {};
	},

	render() {
		this.node = E('div', { 'class': 'ck-creds', 'id': this.id });
		dom.bindClassInstance(this.node, this);
		this.draw();
		return this.node;
	},

	setProvider(provider) {
		this.provider = provider;
		this.secrets = {};
		this.draw();
	},

	/* The stored ones cannot be read back, so that a new one means that all are entered. */
	isSet(field) {
		return this.known.indexOf(field.name) >= 0;
	},

	draw() {
		const p = this.provider;

		if (!p) {
			dom.content(this.node, E('p', { 'class': 'ck-hint' }, [_('Choose a provider first.')]));
			return;
		}

		dom.content(this.node, [
			p.fields.map(field => this.line(field)),
			p.docs ? E('p', { 'class': 'ck-hint' }, widgets.link(p.docs, _('Documentation of %s').format(p.title))) : '',
			this.fault = E('p', { 'class': 'ck-fault', 'role': 'alert' })
		].flat());
	},

	line(field) {
		const id = 'ck-cred-' + field.name;
		const input = E('input', {
			'id': id, 'type': field.secret ? 'password' : 'text', 'class': 'cbi-input-text', 'data-name': field.name,
			'autocomplete': field.secret ? 'new-password' : 'off', 'spellcheck': 'false', 'disabled': this.readonly ? 'disabled' : null,
			'placeholder': field.secret ? (this.isSet(field) ? _('set; leave empty to keep it') : field.optional ? _('not set (optional)') : _('not set')) : (field.default || ''),
			'value': field.secret ? '' : (this.values[field.name] || ''),
			'input': () => {
				(field.secret ? this.secrets : this.values)[field.name] = input.value.trim();
				this.node.dispatchEvent(new CustomEvent('widget-change', { bubbles: true }));
			}
		});
		const state = field.secret ? E('span', { 'class': 'ck-hint' }, [this.isSet(field) ? _('set') : _('not set')]) : '';

		return E('div', { 'class': 'ck-field' }, [E('label', { 'for': id }, [field.label]), E('div', {}, [input, ' ', state])]);
	},

	/* What the open settings are, as the configuration has them. */
	getValue() {
		const fields = (this.provider || { fields: [] }).fields;
		const ours = fields.filter(f => !f.secret && this.values[f.name]).map(f => '%s=%s'.format(f.name, this.values[f.name]));
		/* Settings that no descriptor names are passed on to programs. */
		const others = Object.keys(this.values).filter(name => !fields.some(f => f.name === name)).map(name => '%s=%s'.format(name, this.values[name]));
		return this.provider && this.provider.open !== false ? ours.concat(others) : ours;
	},

	/* The secrets that were entered, or null if none was. */
	entered() {
		const names = Object.keys(this.secrets).filter(name => this.secrets[name]);
		return names.length ? names.map(name => '%s=%s'.format(name, this.secrets[name])) : null;
	},

	/* What is missing, or null. */
	missing() {
		if (!this.provider)
			return _('Choose a provider.');

		const entered = this.entered();
		const lacks = this.provider.fields.filter(f => !f.optional && (f.secret ?
			!this.secrets[f.name] && (entered || !this.isSet(f)) : !this.values[f.name]));

		if (!lacks.length)
			return null;

		const names = lacks.map(f => f.label).join(', ');
		return entered && lacks.some(f => this.isSet(f)) ?
			_('Enter all secrets anew (%s): those that are stored cannot be read back.').format(names) :
			_('Missing: %s').format(names);
	},

	isValid() {
		const missing = this.missing();

		if (this.fault)
			this.fault.textContent = missing || '';

		return missing === null;
	},

	getValidationError() { return this.missing() || ''; },
	triggerValidation() { return this.isValid(); },
	isChanged() { return true; }
});

/* option.descriptor(section) names the provider, option.known the secrets that are set. */
const Option = form.Value.extend({
	renderWidget(section_id, option_index, cfgvalue) {
		const values = Array.isArray(cfgvalue) ? cfgvalue : cfgvalue ? [cfgvalue] : [];
		return new Fields(this.cbid(section_id), values, this.descriptor(section_id), this.known, this.map.readonly).render();
	},

	fields(section_id) {
		return this.getUIElement(section_id);
	}
});

return baseclass.extend({ Option: Option, Fields: Fields, split: split });
