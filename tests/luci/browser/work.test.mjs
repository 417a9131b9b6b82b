// What goes on over runs and reloads, on a real LuCI: work under way, records written by hand, options that the
// forms do not have, and what OpenWrt's acme package holds.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { CA, GLOBAL, configure, end, hostOfRouter, open, page, renew, router, shot, ubus } from '../support/site.mjs';

const row = (tab, section) => tab.locator(`.ck-cert[data-section="${section}"]`);
const modal = tab => tab.locator('.modal');
const close = tab => modal(tab).getByRole('button', { name: 'Close' }).click();
const act = async (tab, section, action) => {
	await row(tab, section).getByRole('button', { name: 'Actions' }).click();
	await tab.getByRole('menuitem', { name: action, exact: true }).click();
};

page('work goes on without its dialog, is found again after a reload, and cancelled', async () => {
	/* A CA that takes calls and says nothing. */
	const host = await hostOfRouter();
	const calls = new Set();
	const mute = createServer(socket => { calls.add(socket); socket.on('error', () => null); });
	await new Promise(done => mute.listen(0, host, done));
	try {
		configure(GLOBAL + `
config account 'mute'
	option acme_server 'https://${host}:${mute.address().port}/dir'

config cert 'web'
	list domains 'web.example.org'
	option account 'mute'
	option auto_update '0'
`);
		const tab = await open('certificates');
		await row(tab, 'web').getByRole('button', { name: 'Issue' }).click();
		await tab.locator('.ck-job-state', { hasText: 'Running' }).waitFor();
		await close(tab);
		await row(tab, 'web').getByRole('button', { name: 'Follow' }).waitFor();
		await tab.reload();
		await shot(tab, 'work-goes-on');
		await row(tab, 'web').getByRole('button', { name: 'Follow' }).click();
		await modal(tab).getByRole('button', { name: 'Cancel the work' }).click();
		await tab.locator('.ck-job-state', { hasText: 'Cancelled' }).waitFor({ timeout: 60_000 });
		await close(tab);
		await row(tab, 'web').getByRole('button', { name: 'Issue' }).waitFor();
		await end(tab);
	}
	finally {
		calls.forEach(socket => socket.destroy());
		mute.close();
	}
});

page('records that are written by hand stand in the row, to be copied', async () => {
	configure(GLOBAL + CA() + `
config cert 'hand'
	list domains 'hand.example.org'
	list domains '*.hand.example.org'
	option account 'pebble'
	option validation_method 'dns-manual'
`);
	const tab = await open('certificates');
	await row(tab, 'hand').getByRole('button', { name: 'Issue' }).click();
	await tab.locator('.ck-job-state', { hasText: 'Deferred' }).waitFor({ timeout: 90_000 });
	await modal(tab).getByText('_acme-challenge.hand.example.org').first().waitFor();
	await shot(tab, 'records-job');
	await close(tab);
	const records = row(tab, 'hand').getByRole('region', { name: 'Records to write' });
	await records.getByText('Not ready').first().waitFor();
	assert.equal(await records.locator('tr').count(), 3, 'a record for the name, one for the wildcard');
	await shot(tab, 'records-row');
	await records.getByRole('button', { name: 'Copy the value' }).first().click();
	const value = await tab.evaluate(() => navigator.clipboard.readText());
	assert.equal(value, ubus('status', { section: 'hand' }).records[0].value);
	await end(tab);

	const phone = await open('certificates', { width: 390, height: 844 });
	await row(phone, 'hand').getByText('Not ready').first().waitFor();
	assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth + 1), 'nothing sticks out');
	await shot(phone, 'records-phone');
	await end(phone);
});

page('what the form does not have stays when a section is edited', async () => {
	configure(GLOBAL + CA() + `
config cert 'web'
	list domains 'web.example.org'
	list domains 'own.example.org'
	option account 'pebble'
	option validation_method 'standalone'
	option listen_address '192.0.2.1'
	option auto_update '0'

config domain 'mine'
	option cert 'web'
	option name 'own.example.org'
	option validation_method 'webroot'
	option webroot '/srv/own'
`);
	const tab = await open('certificates');
	await act(tab, 'web', 'Edit');
	await modal(tab).locator('.cbi-tabmenu a', { hasText: 'CA and key' }).click();
	await modal(tab).locator('[data-name=renew_before] input').fill('20');
	await modal(tab).getByRole('button', { name: 'Save' }).click();
	await modal(tab).waitFor({ state: 'hidden' });
	const saved = router('uci show certkeeper');
	assert.match(saved, /web\.renew_before='20'/);
	assert.match(saved, /web\.listen_address='192\.0\.2\.1'/);
	assert.match(saved, /\.mine\.webroot='\/srv\/own'/);
	assert.match(saved, /\.mine\.validation_method='webroot'/);
	await end(tab);
});

page('what OpenWrt’s acme package holds is offered, told, and taken over', async () => {
	configure(GLOBAL + CA());
	router('cp /etc/config/acme /tmp/acme.before 2>/dev/null; cat >/etc/config/acme', `
config acme
	option account_email 'me@example.org'

config cert 'shop'
	option enabled '1'
	list domains 'shop.example.org'
	option validation_method 'standalone'

config cert 'off'
	option enabled '0'
	list domains 'off.example.org'
`);
	try {
		const tab = await open('certificates');
		const offer = tab.locator('.alert-message', { hasText: '1 certificate is kept by OpenWrt’s acme package.' });
		await offer.getByRole('button', { name: 'Take over…' }).click();
		await modal(tab).getByText('shop.example.org').waitFor();
		assert.match(await modal(tab).textContent(), /off\.example\.org \(disabled\)/);
		await shot(tab, 'takeover-asks');
		await modal(tab).getByRole('button', { name: 'Take over' }).click();
		await tab.locator('.ck-findings .ck-good', { hasText: 'shop' }).waitFor({ timeout: 60_000 });
		await shot(tab, 'takeover-done');
		await close(tab);
		await offer.waitFor({ state: 'detached' });
		await row(tab, 'shop').waitFor();
		assert.match(router('uci show acme.shop'), /enabled='0'/);
		await end(tab);
	}
	finally {
		router('rm -f /etc/config/acme; mv /tmp/acme.before /etc/config/acme 2>/dev/null || true');
	}
});

page('an answer that comes late does not hide a later one', async () => {
	configure(GLOBAL);
	const tab = await open('orders');
	const shown = await tab.evaluate(async () => {
		const parts = await L.require('certkeeper.page');
		const answers = [];
		let again = null;
		const node = parts.create({
			title: '', text: '', buttons: after => { again = after(() => null); return []; },
			load: () => new Promise(done => answers.push(done)), draw: text => E('b', {}, text)
		});
		again();
		await new Promise(done => setTimeout(done, 50));
		answers[1]('new');
		await new Promise(done => setTimeout(done, 50));
		answers[0]('old');
		await new Promise(done => setTimeout(done, 50));
		return node.querySelector('b').textContent;
	});
	assert.equal(shown, 'new');
	await end(tab);
});

page('the services whose configuration names the files are shown beside those that are told', async () => {
	configure(GLOBAL + CA() + `
config cert 'web'
	list domains 'web.example.org'
	option account 'pebble'
	option validation_method 'standalone'
	list service 'cron'
`);
	router('cp /etc/config/uhttpd /tmp/uhttpd.before; uci set uhttpd.main.cert=/etc/ssl/domains/web.crt; uci set uhttpd.main.key=/etc/ssl/domains/web.key; uci commit uhttpd');
	try {
		renew();
		const tab = await open('certificates');
		await row(tab, 'web').getByText('used by service cron').waitFor();
		await row(tab, 'web').getByText(/named in uhttpd/).waitFor();
		await shot(tab, 'users');
		await act(tab, 'web', 'Show');
		await modal(tab).getByText('Named in').waitFor();
		await end(tab);
	}
	finally {
		router('cp /tmp/uhttpd.before /etc/config/uhttpd');
	}
});
