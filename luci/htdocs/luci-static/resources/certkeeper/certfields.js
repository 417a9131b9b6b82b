'use strict';
'require baseclass';
'require form';
'require uci';
'require certkeeper.context as context';
'require certkeeper.credentials as credentials';
'require certkeeper.lists as lists';
'require certkeeper.suggest as suggest';
'require certkeeper.validate as validate';
'require certkeeper.words as words';

/* The fields of a certificate, tab by tab. The form works on a copy; nothing is saved here. */

const KEYS = [
	['ec256', _('EC P-256 (small and fast)')], ['ec384', 'EC P-384'], ['ec521', 'EC P-521'],
	['rsa2048', 'RSA 2048'], ['rsa3072', 'RSA 3072'], ['rsa4096', 'RSA 4096'], ['rsa8192', 'RSA 8192']
];
/* Methods whose record may stand under another name. */
const DNS = ['dns', 'dns-delegated', 'dns-manual'];
const SERVICES = ['uhttpd', 'nginx', 'haproxy', 'lighttpd', 'strongswan'];

/* The options that the form has; others of a section are left alone. */
const OPTIONS = [
	'enabled', 'domains', 'auto_names', 'primary', 'key_type', 'reuse_key', 'csr', 'account', 'staging', 'cert_profile', 'preferred_chain',
	'validation_method', 'webroot', 'listen_port', 'provider', 'dns', 'credentials', 'calias', 'dalias', 'dns_wait', 'auto_update', 'renew_before',
	'service', 'hook', 'export', 'verify'
];
const NAME_OPTIONS = ['name', 'validation_method', 'provider', 'calias', 'dalias'];

function names(s, known, fresh) {
	let o;

	s.tab('names', _('Names'));

	o = s.taboption('names', lists.List, 'domains', _('Names'), _('Host names, wildcards (*.example.org), public addresses, or @wan for those of that interface.'));
	o.placeholder = 'www.example.org';
	o.validate = (id, value) => value === '' || value === null || validate.name(value);

	o = s.taboption('names', form.Flag, 'auto_names', _('With www or *'), _('Also www.NAME, or *.NAME where DNS validates.'));
	o = s.taboption('names', form.Flag, 'primary', _('Primary'), _('domain.crt and domain.key lead to this certificate. Without a primary one the first does.'));
	o = s.taboption('names', form.Flag, 'enabled', _('Enabled'));
	o.default = '1';
	o = s.taboption('names', form.Flag, 'auto_update', _('Renew by itself'), _('Off: it is got and renewed only when you ask.'));
	o.default = '1';

	if (fresh) {
		o = s.taboption('names', form.Value, '_section', _('Section'), _('What the files are called: /etc/ssl/domains/SECTION.crt. Empty: made of the first name.'));
		o.validate = (id, value) => {
			if (value === '')
				return true;
			const fault = validate.section(value);
			return fault !== true ? fault : known.taken().indexOf(value) < 0 || _('There is a section of that name already.');
		};
	}
}

function validation(s, known) {
	let o;

	s.tab('validation', _('Validation'));

	const method = s.taboption('validation', form.ListValue, 'validation_method', _('Method'), _('How the CA sees that the names are yours.'));
	Object.keys(words.METHODS).forEach(m => method.value(m, words.METHODS[m]));
	method.default = 'standalone';

	o = s.taboption('validation', form.Value, 'webroot', _('Document root'), _('The folder that your web server serves on port 80. Empty: that of the settings.'));
	o.depends('validation_method', 'webroot');
	o.placeholder = '/var/run/acme/challenge';
	o.validate = (id, value) => value === '' || value[0] === '/' || _('Enter a path that begins with /.');

	o = s.taboption('validation', form.Value, 'listen_port', _('Port'), _('Where certkeeper listens on a router without nftables. With them the port is opened and led there by itself.'));
	['standalone', 'alpn', 'dns-delegated'].forEach(m => o.depends('validation_method', m));
	o.datatype = 'port';
	/* Names with a way of their own inherit it. */
	o.retain = true;

	o = s.taboption('validation', form.ListValue, 'provider', _('Credentials'));
	o.value('', _('own ones, below'));
	uci.sections('certkeeper', 'provider').forEach(p => o.value(p['.name'], _('shared: %s (%s)').format(p['.name'], (known.provider(p.dns) || { title: p.dns }).title)));
	o.depends('validation_method', 'dns');

	const dns = s.taboption('validation', form.ListValue, 'dns', _('DNS provider'));
	dns.value('', _('– choose –'));
	known.providers.forEach(p => dns.value(p.name, p.title));
	dns.depends({ validation_method: 'dns', provider: '' });
	dns.cfgvalue = function(id) {
		const value = form.ListValue.prototype.cfgvalue.apply(this, [id]);
		return (known.provider(value) || { name: value }).name;
	};

	const fields = s.taboption('validation', credentials.Option, 'credentials', _('Settings'));
	fields.depends({ validation_method: 'dns', provider: '' });
	fields.descriptor = id => known.provider(dns.cfgvalue(id));
	fields.known = known.secrets(s.certkeeperSection);
	dns.onchange = (ev, id, value) => { const f = fields.fields(id); if (f) f.setProvider(known.provider(value)); };

	o = s.taboption('validation', form.Value, 'calias', _('Challenge alias'), _('The record is written at _acme-challenge.ALIAS. CNAMEs are followed without this.'));
	DNS.forEach(m => o.depends('validation_method', m));
	o.validate = (id, value) => value === '' || validate.name(value);
	o = s.taboption('validation', form.Value, 'dalias', _('Domain alias'), _('The record is written at ALIAS itself.'));
	DNS.forEach(m => o.depends('validation_method', m));
	o.validate = (id, value) => value === '' || validate.name(value);
	o = s.taboption('validation', form.Value, 'dns_wait', _('Wait for DNS'), _('Seconds to wait instead of looking whether the record is there.'));
	o.datatype = 'uinteger';
	['dns', 'dns-manual'].forEach(m => o.depends('validation_method', m));
	o.retain = true;
}

function issuing(s, known) {
	let o;

	s.tab('ca', _('CA and key'));

	o = s.taboption('ca', form.MultiValue, 'account', _('Accounts'), _('CAs, or accounts of yours. Of several, the next is asked when one is down or limits the rate.'));
	known.accounts().forEach(a => o.value(a[0], a[1]));
	o.placeholder = _('Let’s Encrypt');
	o.create = false;
	o.display_size = 4;

	o = s.taboption('ca', form.Flag, 'staging', _('Staging'), _('Test: the staging server of the CA. What it issues is kept apart and never served.'));

	o = s.taboption('ca', form.MultiValue, 'key_type', _('Key'), _('One of each kind, EC and RSA, makes two certificates for servers that show each client what it can use.'));
	KEYS.forEach(k => o.value(k[0], k[1]));
	o.placeholder = _('EC P-256 (small and fast)');
	o.validate = (id, value) => {
		const kinds = context.list(value).map(k => k.slice(0, 2));
		return kinds.length <= 2 && (kinds.length < 2 || kinds[0] !== kinds[1]) || _('Choose one key, or one EC and one RSA.');
	};

	o = s.taboption('ca', form.Flag, 'reuse_key', _('Keep the key'), _('A renewal has the key in use again.'));
	o = s.taboption('ca', form.Value, 'csr', _('Own request (CSR)'), _('Path of a request whose key is kept elsewhere.'));
	o.validate = (id, value) => value === '' || value[0] === '/' || _('Enter a path that begins with /.');

	o = s.taboption('ca', form.Value, 'cert_profile', _('Profile'), _('One of the profiles that the CA offers.'));
	known.cas.reduce((all, ca) => all.concat(ca.profiles || []), []).filter((p, i, all) => all.indexOf(p) === i).forEach(p => o.value(p));
	o = s.taboption('ca', form.Value, 'preferred_chain', _('Chain to'), _('The root that the chain is to lead to: its name or a part of it.'));

	o = s.taboption('ca', form.Value, 'renew_before', _('Renew before'), _('Days before the end. Empty: when the CA suggests, else after two thirds of the lifetime.'));
	o.validate = (id, value) => value === '' || validate.days(value);
}

/* Programs are chosen, never typed. */
function hooks(s, known) {
	const chosen = context.list(uci.get('certkeeper', s.certkeeperSection || '', 'hook'));
	const all = known.hooks.concat(chosen.filter(name => known.hooks.indexOf(name) < 0));
	const o = s.taboption('use', all.length ? form.MultiValue : form.DummyValue, all.length ? 'hook' : '_hook', _('Hooks'),
		_('Programs in /etc/certkeeper/hooks that are called with a new certificate.'));

	if (all.length) {
		all.forEach(name => o.value(name));
		o.placeholder = _('none');
	}
	else {
		o.cfgvalue = () => _('There is no program in /etc/certkeeper/hooks.');
	}
}

function use(s, known) {
	let o;

	s.tab('use', _('Use'));

	o = s.taboption('use', lists.List, 'service', _('Services'), _('They take a new certificate by themselves; certkeeper looks whether they serve it, and rolls back if not.'));
	SERVICES.forEach(name => o.value(name));
	o.validate = (id, value) => /^[\w.-]*$/.test(value || '') || _('Enter the name of an init script.');

	hooks(s, known);

	o = s.taboption('use', lists.List, 'export', _('Copies'), _('Folder, or folder:user, for readers that may not enter /etc/certkeeper.'));
	o.placeholder = '/srv/tls:mosquitto';
	o.validate = (id, value) => !value || validate.copies(value);

	o = s.taboption('use', lists.List, 'verify', _('Verify at'), _('Places that must serve the new certificate, as host:port or host:port/name.'));
	o.placeholder = '127.0.0.1:443';
	o.validate = (id, value) => !value || validate.place(value);
}

/* Names that are validated in a way of their own. */
function apart(parent) {
	const s = parent.taboption('validation', form.SectionValue, '_apart', form.TableSection, 'domain', _('Names validated in a way of their own')).subsection;
	let o;

	s.addremove = true;
	s.anonymous = true;
	s.nodescriptions = true;
	s.addbtntitle = _('Add a name');

	o = s.option(form.Value, 'name', _('Name'));
	o.rmempty = false;
	o.validate = (id, value) => validate.name(value);

	o = s.option(form.ListValue, 'validation_method', _('Method'));
	o.value('', _('as the others'));
	Object.keys(words.METHODS).forEach(m => o.value(m, words.METHODS[m]));

	o = s.option(form.ListValue, 'provider', _('Credentials'));
	o.value('', '–');
	uci.sections('certkeeper', 'provider').forEach(p => o.value(p['.name']));

	o = s.option(form.Value, 'calias', _('Challenge alias'));
	o.validate = (id, value) => value === '' || value === null || validate.name(value);
	o = s.option(form.Value, 'dalias', _('Domain alias'));
	o.validate = (id, value) => value === '' || value === null || validate.name(value);
}

function add(map, known, section) {
	const s = map.section(form.NamedSection, 'cert', 'cert');

	s.certkeeperSection = section;
	names(s, known, section === null);
	validation(s, known);
	apart(s);
	issuing(s, known);
	use(s, known);
	return s;
}

/* What is wrong between names, method and CA: the first sentence, or null. */
function mismatch(cert, known) {
	const ca = known.ca((cert.account || [])[0]);
	const faults = (cert.domains || []).map(name => [
		ca ? validate.publicName(name) : true, validate.fits(name, cert.validation_method, ca, cert.cert_profile)
	].filter(fault => fault !== true)[0]).filter(Boolean);

	return faults[0] || null;
}

/* The name for a new section. */
function title(values, known) {
	return values._section || suggest.section((values.domains || [])[0], known.taken());
}

return baseclass.extend({ OPTIONS: OPTIONS, NAME_OPTIONS: NAME_OPTIONS, add: add, mismatch: mismatch, title: title });
