'use strict';
'require baseclass';
'require form';
'require uci';
'require ui';
'require certkeeper.api as api';
'require certkeeper.certfields as certfields';
'require certkeeper.context as context';
'require certkeeper.job as job';
'require certkeeper.save as save';
'require certkeeper.widgets as widgets';

/* The dialog in which a certificate is added or edited. It works on a copy of the section: "Check"
   tries the copy, "Save" writes it. */

const LISTS = ['domains', 'key_type', 'account', 'credentials', 'service', 'hook', 'export', 'verify'];

/* The section as the form has it. */
function copy(section) {
	const saved = section === null ? {} : uci.get('certkeeper', section) || {};
	const out = {};

	certfields.OPTIONS.forEach(option => {
		if (saved[option] !== undefined)
			out[option] = LISTS.indexOf(option) >= 0 && option !== 'credentials' ? context.list(saved[option]) : saved[option];
	});

	/* What the binary takes where nothing is said. */
	if (!out.validation_method)
		out.validation_method = out.dns || out.provider ? 'dns' : out.webroot ? 'webroot' : 'standalone';

	return out;
}

function domainsOf(section) {
	return uci.sections('certkeeper', 'domain').filter(d => section !== null && d.cert === section);
}

/* What the form says now: {cert, domains, secrets}, or a rejection that names the field. */
function collect(map, fields, known) {
	return map.parse().then(() => {
		const data = map.data.data;
		const cert = {};

		certfields.OPTIONS.concat('_section').forEach(option => {
			if (data.cert[option] !== undefined)
				cert[option] = data.cert[option];
		});

		if (!(cert.domains || []).length && !cert.csr)
			return Promise.reject(new Error(_('Enter at least one name.')));

		const fault = certfields.mismatch(cert, known);
		if (fault)
			return Promise.reject(new Error(fault));

		const entered = cert.validation_method === 'dns' && !cert.provider ? fields() : null;
		const domains = Object.keys(data).filter(id => data[id]['.type'] === 'domain').map(id => data[id]);
		return { cert: cert, domains: domains, secrets: entered ? entered.entered() : null };
	});
}

function write(section, values) {
	const fresh = section === null;
	const name = fresh ? values.name : section;
	const secrets = {};

	if (fresh)
		uci.add('certkeeper', 'cert', name);

	context.put(name, values.cert, certfields.OPTIONS);

	/* Options of a name that the form does not have stay with it. */
	const kept = values.domains.map(d => d.saved);
	domainsOf(name).filter(old => kept.indexOf(old['.name']) < 0).forEach(old => uci.remove('certkeeper', old['.name']));
	values.domains.forEach(d => {
		const id = d.saved || uci.add('certkeeper', 'domain');
		uci.set('certkeeper', id, 'cert', name);
		context.put(id, d, certfields.NAME_OPTIONS);
	});

	if (values.secrets)
		secrets[name] = { credentials: values.secrets };

	return save.commit(secrets);
}

function open(section) {
	return context.load().then(known => new Promise((done, fail) => {
		const map = new form.JSONMap({ cert: copy(section), domain: domainsOf(section).map(d => Object.assign({ saved: d['.name'] }, d)) }, null, null);
		const place = E('div', { 'aria-live': 'polite' });

		map.readonly = !api.mayWrite();
		certfields.add(map, known, section);

		const fields = () => map.lookupOption('credentials', 'cert')[0].fields('cert');
		const fault = error => L.dom.content(place, widgets.message('error', null, error.message || String(error), error.remedy ? E('p', {}, [error.remedy]) : ''));
		const end = what => { widgets.close(); done(what); };

		/* Before saving: the agent is handed what stands in the form. */
		const check = () => collect(map, fields, known).then(values => {
			const name = section === null ? certfields.title(values.cert, known) : section;
			const cert = Object.assign({}, values.cert, {
				credentials: [].concat(values.cert.credentials || [], values.secrets || [])
			});
			delete cert._section;
			if (!cert.credentials.length)
				delete cert.credentials;
			return job.run(place, 'check', { section: name, cert: cert }, true)
				.then(() => place.scrollIntoView({ block: 'nearest' }));
		}).catch(fault);

		const store = () => collect(map, fields, known).then(values => {
			values.name = certfields.title(values.cert, known);
			return write(section, values).then(() => end(values.name));
		}).catch(error => save.forget().then(() => fault(error)));

		map.render().then(node => {
			widgets.dialog(section === null ? _('Add certificate') : _('Certificate %s').format(section), [node, place], [
				widgets.button(_('Cancel'), 'neutral', () => end(null)),
				widgets.deed(_('Check configuration'), 'action', ui.createHandlerFn(null, check)),
				widgets.deed(_('Save'), 'positive', ui.createHandlerFn(null, store), { 'class': 'btn cbi-button cbi-button-positive important' })
			], true);
		}).catch(fail);
	}));
}

return baseclass.extend({ open: open });
