'use strict';
'require baseclass';
'require uci';
'require certkeeper.format as format';
'require certkeeper.job as job';
'require certkeeper.widgets as widgets';

/* The offer to take over what OpenWrt's acme package has. */

/* The job writes the configuration beside the page's copy of it. */
function take() {
	return job.follow(_('Take over from acme'), 'import', {}).finally(() => uci.unload('certkeeper'));
}

function ask(certs, chosen) {

	widgets.dialog(_('Take over from acme'), [
		E('p', {}, [_('These certificates of OpenWrt’s acme package come here, with their keys, credentials and accounts:')]),
		E('ul', {}, certs.map(s => E('li', {}, [E('strong', {}, [s.section]), ' ', format.names(s.names, 4), s.enabled ? '' : ' (%s)'.format(_('disabled'))]))),
		E('p', {}, [_('No CA is asked, and nothing is issued anew: what is valid stays in use. The links in /etc/ssl/acme then lead to the files here, and acme’s sections are switched off, so that not both renew. A section that cannot run here stays with acme.')])
	], [
		widgets.button(_('Cancel'), 'neutral', widgets.close),
		widgets.deed(_('Take over'), 'positive', () => { widgets.close(); chosen(take); })
	]);
}

/* What offers it, by the head of `status`; nothing where all are switched off there. chosen(fn) is called with what
   is to be done. */
function offer(head, chosen) {
	const here = (head.sections || []).map(d => d.section);
	const certs = (head.acme || []).filter(s => s.enabled || here.indexOf(s.section) < 0);
	const count = certs.filter(s => s.enabled).length;

	return count ? widgets.message('notice',
		N_(count, '%d certificate is kept by OpenWrt’s acme package.', '%d certificates are kept by OpenWrt’s acme package.').format(count),
		null, widgets.deed(_('Take over…'), 'action', () => ask(certs, chosen))) : '';
}

return baseclass.extend({ offer: offer });
