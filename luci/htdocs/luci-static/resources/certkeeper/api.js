'use strict';
'require baseclass';
'require rpc';
'require certkeeper.errors as errors';

/* The ubus object `certkeeper`. A call resolves to the answer, or rejects with {kind, message, remedy}. */

/* Every method that the page calls, with its arguments. Tests compare it with the agent's own list. */
const METHODS = {
	status: ['section'],
	certificate: ['section', 'pem'],
	log: ['section', 'lines'],
	orders: ['section'],
	accounts: [],
	providers: [],
	cas: [],
	local_ca: ['pem'],
	hooks: [],
	job: ['job'],
	cancel: ['job'],
	renew: ['section', 'force', 'test'],
	check: ['section', 'ca', 'cert'],
	revoke: ['section', 'reason'],
	account: ['name', 'action', 'staging'],
	order: ['section', 'action'],
	upload: ['section', 'certificate', 'key'],
	rollback: ['section'],
	csr: ['section', 'subject', 'new_key'],
	local_ca_reissue: [],
	import: []
};

const declared = {};

Object.keys(METHODS).forEach(function(name) {
	declared[name] = rpc.declare({ object: 'certkeeper', method: name, params: METHODS[name], reject: true });
});

const callStart = rpc.declare({
	object: 'file', method: 'exec', params: ['command', 'params'], expect: { '': {} }, reject: true
});

const callDump = rpc.declare({ object: 'network.interface', method: 'dump', expect: { interface: [] } });

/* call('renew', {section: 'web'}) */
function call(name, args) {
	const values = METHODS[name].map(param => (args || {})[param]);

	return declared[name].apply(null, values).then(
		/* A job that failed has an error of its own beside its state. */
		answer => answer && answer.error && !answer.state ? Promise.reject(errors.told(answer.error)) : (answer || {}),
		error => Promise.reject(errors.classify(error)));
}

/* Has procd start the agent, and waits until it answers. */
function startAgent() {
	const again = tries => call('status').catch(error => tries > 1 && error.kind === 'absent' ?
		new Promise(done => window.setTimeout(done, 500)).then(() => again(tries - 1)) : Promise.reject(error));

	return callStart('/etc/init.d/certkeeper', ['start'])
		.catch(error => Promise.reject(errors.classify(error)))
		.then(() => again(20));
}

return baseclass.extend({
	METHODS: METHODS, call: call, startAgent: startAgent, interfaces: callDump,

	/* False for a login that may only look. */
	mayWrite() { return L.hasViewPermission() === true; }
});
