'use strict';
'require baseclass';
'require uci';
'require certkeeper.context as context';
'require certkeeper.format as format';
'require certkeeper.job as job';
'require certkeeper.widgets as widgets';

/* The offer to take over what OpenWrt's acme package has. */

/* Its certificates that are not here yet. Those that were taken over are here, and switched off there. Without
   the package there are none. */
function theirs() {
	uci.unload('acme');
	return Promise.all([uci.load('certkeeper'), uci.load('acme')]).then(() => uci.sections('acme', 'cert')
		.filter(s => context.list(s.domains).length && (s.enabled !== '0' || !uci.get('certkeeper', s['.name']))), () => []);
}

function ask(certs, chosen) {
	widgets.dialog(_('Take over from acme'), [
		E('p', {}, _('These certificates of OpenWrt’s acme package come here, with their keys, credentials and accounts:')),
		E('ul', {}, certs.map(s => E('li', {}, [E('strong', {}, s['.name']), ' ', format.names(context.list(s.domains), 4), s.enabled === '0' ? ' (%s)'.format(_('disabled')) : '']))),
		E('p', {}, _('No CA is asked, and nothing is issued anew: what is valid stays in use. The links in /etc/ssl/acme then lead to the files here, and acme’s sections are switched off, so that not both renew. A section that cannot run here stays with acme.'))
	], [
		widgets.button(_('Cancel'), 'neutral', widgets.close),
		widgets.deed(_('Take over'), 'positive', () => { widgets.close(); chosen(() => job.follow(_('Take over from acme'), 'import', {})); })
	]);
}

/* Resolves to what offers it, or to nothing; chosen(fn) is called with what is to be done. */
function offer(chosen) {
	return theirs().then(certs => certs.some(s => s.enabled !== '0') ? widgets.message('notice',
		N_(certs.length, '%d certificate is kept by OpenWrt’s acme package.', '%d certificates are kept by OpenWrt’s acme package.').format(certs.length),
		null, widgets.deed(_('Take over…'), 'action', () => ask(certs, chosen))) : '');
}

return baseclass.extend({ offer: offer });
