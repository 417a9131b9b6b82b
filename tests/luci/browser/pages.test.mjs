// The other pages, on a real LuCI.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CA, GLOBAL, configure, end, open, page, renew, router, shot, ubus } from '../support/site.mjs';
import { powerdns } from '../support/powerdns.mjs';

const WEB = `
config cert 'web'
	list domains 'web.example.org'
	option account 'pebble'
	option validation_method 'standalone'
`;

const entry = (tab, name) => tab.locator('.ck-entry').filter({ has: tab.locator('.ck-entry-title', { hasText: name }) });
const ended = (tab, text = 'Done') => tab.locator('.ck-job-state', { hasText: text }).waitFor({ timeout: 60_000 });
const close = tab => tab.locator('.modal').getByRole('button', { name: 'Close' }).click();
const modal = tab => tab.locator('.modal');

// A certificate of OpenSSL's for these names: [certificate, key] as PEM.
function selfMade(names) {
	const folder = mkdtempSync(join(tmpdir(), 'certkeeper-luci-'));
	const [cert, key] = ['cert.pem', 'key.pem'].map(f => join(folder, f));
	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '90', '-subj', '/CN=Somewhere else',
		'-addext', `subjectAltName=${names.map(n => 'DNS:' + n).join(',')}`, '-keyout', key, '-out', cert], { stdio: 'ignore' });
	const out = [cert, key].map(f => readFileSync(f, 'utf8'));
	rmSync(folder, { recursive: true });
	return out;
}

page('an account is added, registered, given another key, deactivated and deleted', async () => {
	configure(GLOBAL);
	const tab = await open('accounts');
	await tab.getByText('There is no account yet.').waitFor();
	await tab.getByRole('button', { name: 'Add account' }).click();
	const field = name => modal(tab).locator(`[data-name=${name}] input`).first();
	await field('_name').fill('a-b');
	await modal(tab).locator('[data-name=ca] select').selectOption('');
	await field('acme_server').fill('http://no');
	await modal(tab).getByRole('button', { name: 'Save' }).click();
	await modal(tab).locator('.alert-message').waitFor();
	await field('_name').fill('own');
	await field('acme_server').fill(process.env.LUCI_CA);
	await field('ca_file').fill(process.env.LUCI_CA_FILE);
	await field('email').fill('me@example.org');
	await shot(tab, 'account-add');
	await modal(tab).getByRole('button', { name: 'Save' }).click();
	for (const [button, confirm] of [['Register', null], ['New key', 'New key'], ['Deactivate', 'Deactivate'], ['Delete here', 'Delete here']]) {
		await entry(tab, 'own').getByRole('button', { name: button }).click();
		if (confirm)
			await modal(tab).getByRole('button', { name: confirm }).click();
		await ended(tab);
		await close(tab);
		/* The focus stays in the entry, although that is drawn anew. */
		await tab.waitForFunction(() => document.activeElement.closest('.ck-entry'));
		if (button === 'Register') {
			await entry(tab, 'own').locator('.ck-badge', { hasText: 'Valid' }).waitFor();
			await shot(tab, 'accounts');
		}
	}
	await entry(tab, 'own').locator('.ck-badge', { hasText: 'Pending' }).waitFor();
	await entry(tab, 'own').getByRole('button', { name: 'Remove' }).click();
	await tab.getByText('There is no account yet.').waitFor();
	await end(tab);
});

page('a provider with a wrong password is told by the check, and the secret is never shown', async () => {
	const dns = await powerdns('right');
	try {
		configure(GLOBAL + CA());
		const tab = await open('providers');
		await tab.getByRole('button', { name: 'Add provider' }).click();
		const save = () => modal(tab).getByRole('button', { name: 'Save' }).click();
		await modal(tab).locator('[data-name=_name] input').fill('house');
		await modal(tab).locator('[data-name=dns] select').selectOption('powerdns');
		await save();
		await modal(tab).locator('.ck-fault', { hasText: 'Missing' }).waitFor();
		await modal(tab).locator('#ck-cred-PDNS_Url').fill(dns.url);
		await modal(tab).locator('#ck-cred-PDNS_Token').fill('wrong');
		await shot(tab, 'provider-add');
		await save();
		await entry(tab, 'house').locator('.ck-badge', { hasText: /^.?set$/ }).waitFor();
		await shot(tab, 'providers');
		assert.ok(!/wrong/.test(await tab.content()), 'no secret in the page');
		assert.ok(!/wrong/.test(router('uci show certkeeper')));
		assert.match(router('cat /etc/config/certkeeper_secrets'), /PDNS_Token=wrong/);

		await tab.goto(process.env.LUCI_URL + '/admin/services/certkeeper/certificates');
		await tab.getByRole('button', { name: 'Add certificate' }).click();
		const name = modal(tab).locator('[data-name=domains] .add-item input');
		await name.fill('*.dns.example.org');
		await name.press('Enter');
		await modal(tab).locator('.cbi-tabmenu a', { hasText: 'CA and key' }).click();
		await modal(tab).locator('[data-name=account] .cbi-dropdown').click();
		await modal(tab).locator('[data-name=account] .dropdown li[data-value=pebble]').click();
		await modal(tab).locator('.cbi-tabmenu a', { hasText: 'Validation' }).click();
		await modal(tab).locator('[data-name=validation_method] select').first().selectOption('dns');
		await modal(tab).locator('[data-name=provider] select').first().selectOption('house');
		await modal(tab).getByRole('button', { name: 'Check configuration' }).click();
		await ended(tab, 'Failed');
		await modal(tab).locator('.ck-findings .ck-bad', { hasText: /401|key|credential|refuse/i }).first().waitFor();
		await shot(tab, 'provider-wrong-password');
		await modal(tab).getByRole('button', { name: 'Cancel' }).click();
		await end(tab);
	}
	finally {
		await dns.end();
	}
});

page('a certificate is uploaded; one that does not fit is refused in words', async () => {
	configure(GLOBAL + CA());
	const tab = await open('uploads');
	const [cert, key] = selfMade(['up.example.org']);
	const [, other] = selfMade(['up.example.org']);
	await tab.fill('#ck-names', 'up.example.org');
	await tab.fill('#ck-cert', cert);
	await tab.fill('#ck-key', other);
	await tab.getByRole('button', { name: 'Check and use' }).click();
	await ended(tab, 'Failed');
	await tab.locator('.ck-entry .alert-message', { hasText: /key/ }).waitFor();
	await shot(tab, 'upload-refused');
	await tab.selectOption('#ck-section', 'up_example_org').catch(() => tab.reload());
	await tab.waitForSelector('#ck-section option[value=up_example_org]', { state: 'attached' });
	await tab.selectOption('#ck-section', 'up_example_org');
	await tab.setInputFiles('input[type=file] >> nth=0', { name: 'cert.pem', mimeType: 'application/x-pem-file', buffer: Buffer.from(cert) });
	await tab.fill('#ck-key', key);
	await tab.getByRole('button', { name: 'Check and use' }).click();
	await ended(tab);
	await tab.getByText('The certificate is in use.').waitFor();
	await shot(tab, 'upload');
	assert.equal(ubus('status', { section: 'up_example_org' }).source, 'upload');
	await end(tab);
});

page('the root of the local CA is downloaded and made anew', async () => {
	configure(GLOBAL + CA() + WEB);
	const tab = await open('uploads');
	const ca = tab.getByRole('region', { name: 'Local CA' });
	await ca.getByRole('button', { name: /New root|Make it now/ }).click();
	if (await modal(tab).getByRole('button', { name: 'Make a new root' }).isVisible())
		await modal(tab).getByRole('button', { name: 'Make a new root' }).click();
	await ended(tab);
	await shot(tab, 'local-ca');
	await close(tab);
	const [download] = await Promise.all([tab.waitForEvent('download'), ca.getByRole('button', { name: 'Download root' }).click()]);
	assert.match(readFileSync(await download.path(), 'utf8'), /BEGIN CERTIFICATE/);
	await end(tab);
});

page('a request is made, and its key stays', async () => {
	configure(GLOBAL + CA() + WEB);
	const tab = await open('requests');
	await tab.fill('#ck-part-O', 'Example / Sons');
	await tab.fill('#ck-part-C', 'DE');
	await tab.getByRole('button', { name: 'Make request' }).click();
	await ended(tab);
	const pem = await tab.locator('.ck-paper').textContent();
	await shot(tab, 'request');
	assert.match(pem, /^-----BEGIN CERTIFICATE REQUEST-----/);
	const text = execFileSync('openssl', ['req', '-noout', '-subject', '-nameopt', 'multiline,utf8'], { input: pem, encoding: 'utf8' });
	assert.match(text, /Example \/ Sons/);
	await end(tab);
});

page('an order under way is shown with its record, refreshed and deleted', async () => {
	/* Nobody answers there, so that the record cannot be written and the order stays. */
	configure(GLOBAL + CA() + `
config cert 'held'
	list domains 'held.example.org'
	option account 'pebble'
	option dns 'powerdns'
	list credentials 'PDNS_Url=http://127.0.0.1:9'
`);
	router('cat >/etc/config/certkeeper_secrets', "config secret 'held'\n\tlist credentials 'PDNS_Token=x'\n");
	renew();
	const tab = await open('orders');
	await entry(tab, 'held').locator('.ck-badge', { hasText: 'Not ready' }).waitFor();
	await entry(tab, 'held').getByText('_acme-challenge.held.example.org').waitFor();
	await shot(tab, 'orders');
	await entry(tab, 'held').getByRole('button', { name: 'Copy the value' }).click();
	assert.match(await tab.evaluate(() => navigator.clipboard.readText()), /^[\w-]{43}$/);
	await entry(tab, 'held').getByRole('button', { name: 'Refresh' }).click();
	await ended(tab);
	await close(tab);
	await entry(tab, 'held').getByRole('button', { name: 'Delete' }).click();
	await modal(tab).getByRole('button', { name: 'Delete' }).click();
	/* The provider is as deaf as before, and that is said. */
	await ended(tab, 'Failed');
	await modal(tab).getByText('could not be taken back').waitFor();
	await close(tab);
	await tab.getByText('No order is under way.').waitFor();
	await end(tab);
});

page('settings are saved, and what is wrong is refused', async () => {
	configure(GLOBAL);
	const tab = await open('settings');
	await tab.locator('[data-name=account_email] input').fill('nobody');
	await tab.getByRole('button', { name: 'Save' }).click();
	await tab.locator('.alert-message', { hasText: 'E-mail' }).waitFor();
	await tab.locator('[data-name=account_email] input').fill('me@example.org');
	await tab.locator('.cbi-tabmenu a', { hasText: 'Validation' }).click();
	const server = tab.locator('[data-name=dns_server] .add-item input');
	await server.fill('192.0.2.53');
	await server.press('Enter');
	await shot(tab, 'settings');
	await tab.getByRole('button', { name: 'Save' }).click();
	await tab.getByText('Saved.').waitFor();
	const saved = router('uci show certkeeper.global');
	assert.match(saved, /account_email='me@example.org'/);
	assert.match(saved, /dns_server='192.0.2.53'/);
	assert.equal(router('uci changes'), '');

	/* Whom to tell: a program of the folder, a URL, and one that is a secret. */
	router('mkdir -p /etc/certkeeper/hooks; printf "#!/bin/sh\\n" >/etc/certkeeper/hooks/mail; chmod 755 /etc/certkeeper/hooks/mail');
	await tab.reload();
	await tab.locator('.cbi-tabmenu a', { hasText: 'Notifications' }).click();
	const tell = tab.locator('[data-name=_urls] .add-item input');
	await tell.fill('no-such-program');
	await tell.press('Enter');
	await tab.getByRole('button', { name: 'Save' }).click();
	await tab.locator('.alert-message', { hasText: 'Tell' }).waitFor();
	const item = tab.locator('[data-name=_urls] .item', { hasText: 'no-such-program' });
	await item.click({ position: { x: (await item.boundingBox()).width - 8, y: 8 } });
	await tell.fill('https://198.51.101.2/hook');
	await tell.press('Enter');
	await tab.locator('[data-name=_programs] .cbi-dropdown').click();
	await tab.locator('[data-name=_programs] .dropdown li[data-value=mail]').click();
	await tab.locator('[data-name=_notify] input').fill('https://198.51.101.2/token-hush');
	await tab.locator('[data-name=acme_hotplug] input[type=checkbox]').check();
	await shot(tab, 'settings-tell');
	await tab.getByRole('button', { name: 'Save' }).click();
	await tab.getByText('Saved.').waitFor();
	const told = router('uci show certkeeper.global');
	assert.match(told, /notify='https:\/\/198\.51\.101\.2\/hook' 'mail'/);
	assert.match(told, /acme_hotplug='1'/);
	assert.ok(!/hush/.test(told));
	assert.match(router('cat /etc/config/certkeeper_secrets'), /token-hush/);
	await tab.reload();
	await tab.locator('.cbi-tabmenu a', { hasText: 'Notifications' }).click();
	assert.match(await tab.locator('[data-name=_notify] input').getAttribute('placeholder'), /^set/);
	await tab.locator('[data-name=_forget] input[type=checkbox]').check();
	await tab.getByRole('button', { name: 'Save' }).click();
	await tab.getByText('Saved.').waitFor();
	assert.ok(!/hush/.test(router('cat /etc/config/certkeeper_secrets')));
	router('rm /etc/certkeeper/hooks/mail');
	await end(tab);
});
