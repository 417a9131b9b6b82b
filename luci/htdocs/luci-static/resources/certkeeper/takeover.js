'use strict';
'require baseclass';
'require uci';
'require certkeeper.context as context';
'require certkeeper.format as format';
'require certkeeper.job as job';
'require certkeeper.widgets as widgets';

/* The offer to take over what OpenWrt's acme package has. */

/* Its certificates; without the package there are none. */
function theirs() {
	uci.unload('acme');
	return uci.load('acme').then(() => uci.sections('acme', 'cert').filter(s => context.list(s.domains).length), () => []);
}

/* Those that were taken over are switched off there. */
function off(section) {
	return section.enabled === '0';
}

function ask(all, chosen) {
	const certs = all.filter(s => !off(s) || !uci.get('certkeeper', s['.name']));

	widgets.dialog(_('Take over from acme'), [
		E('p', {}, _('These certificates of OpenWrt’s acme package come here, with their keys, credentials and accounts:')),
		E('ul', {}, certs.map(s => E('li', {}, [E('strong', {}, s['.name']), ' ', format.names(context.list(s.domains), 4), off(s) ? ' (%s)'.format(_('disabled')) : '']))),
		E('p', {}, _('No CA is asked, and nothing is issued anew: what is valid stays in use. The links in /etc/ssl/acme then lead to the files here, and acme’s sections are switched off, so that not both renew. A section that cannot run here stays with acme.'))
	], [
		widgets.button(_('Cancel'), 'neutral', widgets.close),
		widgets.deed(_('Take over'), 'positive', () => { widgets.close(); chosen(() => job.follow(_('Take over from acme'), 'import', {})); })
	]);
}

/* Resolves to what offers it, or to nothing; chosen(fn) is called with what is to be done. */
function offer(chosen) {
	return theirs().then(all => {
		const count = all.filter(s => !off(s)).length;

		return count ? widgets.message('notice',
			N_(count, '%d certificate is kept by OpenWrt’s acme package.', '%d certificates are kept by OpenWrt’s acme package.').format(count),
			null, widgets.deed(_('Take over…'), 'action', () => uci.load('certkeeper').then(() => ask(all, chosen)))) : '';
	});
}

return baseclass.extend({ offer: offer });
