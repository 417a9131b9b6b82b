'use strict';
'require baseclass';
'require rpc';
'require uci';
'require ui';
'require certkeeper.errors as errors';

/* Saving: what was changed on these pages, and nothing else, is committed at once. procd hears of it
   and starts a run. Secrets go to a package that no login can read. */

const SECRETS = 'certkeeper_secrets';

const callCommit = rpc.declare({ object: 'uci', method: 'commit', params: ['config'], reject: true });
const callAdd = rpc.declare({ object: 'uci', method: 'add', params: ['config', 'type', 'name', 'values'], reject: true });
const callDelete = rpc.declare({ object: 'uci', method: 'delete', params: ['config', 'section'], reject: true });

/* ubus status 4: there was nothing to delete. */
function absent(error) {
	return /ubus code 4\b/.test(String(error && error.message || error));
}

/* Writes the secrets of sections: {web: {credentials: ['NAME=value']}}; null removes what is there. */
function writeSecrets(secrets) {
	const sections = Object.keys(secrets || {});

	if (!sections.length)
		return Promise.resolve();

	const work = sections.map(name => secrets[name] === null ?
		callDelete(SECRETS, name).catch(error => absent(error) ? null : Promise.reject(error)) :
		callAdd(SECRETS, 'secret', name, secrets[name]));

	return Promise.all(work).then(() => callCommit(SECRETS));
}

/* Commits what uci has been told since the package was loaded, and reads it anew. */
function commit(secrets) {
	return writeSecrets(secrets)
		.then(() => uci.save())
		.then(() => callCommit('certkeeper'))
		.then(() => { uci.unload('certkeeper'); return uci.load('certkeeper'); })
		.then(() => ui.changes.init())
		.catch(error => Promise.reject(error && error.kind ? error : errors.classify(error)));
}

/* Forgets what was typed. */
function forget() {
	uci.unload('certkeeper');
	return uci.load('certkeeper');
}

return baseclass.extend({ commit: commit, forget: forget });
