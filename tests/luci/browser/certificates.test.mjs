// The list of certificates and what is done there, on a real LuCI.
import assert from 'node:assert/strict';
import { CA, GLOBAL, configure, end, open, page, renew, router, shot, ubus } from '../support/site.mjs';


const cert = (section, name, more = '') => `
config cert '${section}'
	list domains '${name}'
	option account 'pebble'
	option validation_method 'standalone'
${more}`;

const row = (tab, section) => tab.locator(`.ck-cert[data-section="${section}"]`);
const act = async (tab, section, action) => {
	await row(tab, section).getByRole('button', { name: 'Actions' }).click();
	await tab.getByRole('menuitem', { name: action, exact: true }).click();
};
const ended = (tab, text = 'Done') => tab.locator('.ck-job-state', { hasText: text }).waitFor({ timeout: 60_000 });
const close = tab => tab.locator('.modal').getByRole('button', { name: 'Close' }).click();

page('the first-run guide leads to a valid certificate, over check, test and go live', async () => {
	configure(`config certkeeper 'global'\n\toption accept_tos '0'\n${CA()}`);
	const tab = await open('certificates');
	const next = () => tab.getByRole('button', { name: 'Next' }).click();

	await tab.getByRole('heading', { name: 'The way to the first certificate' }).waitFor();
	await next();
	assert.match(await tab.locator('.ck-guide [role=alert]').first().textContent(), /agreement/);
	await tab.selectOption('#ck-g-ca', 'letsencrypt');
	const preset = ubus('cas').cas.find(ca => ca.name === 'letsencrypt');
	assert.equal(await tab.getByRole('link', { name: 'Read them' }).getAttribute('href'), preset.terms);
	await tab.selectOption('#ck-g-ca', 'pebble');
	await tab.fill('#ck-g-email', 'me@example.org');
	await tab.check('#ck-g-terms');
	await shot(tab, 'guide-1-ca');
	await next();
	await tab.fill('#ck-g-name', 'https://guide.example.org');
	await next();
	assert.match(await tab.locator('.ck-guide .ck-fault').last().textContent(), /without https/);
	await tab.fill('#ck-g-name', 'guide.example.org');
	assert.equal(await tab.locator('.ck-guide .ck-fault').last().textContent(), '');
	await shot(tab, 'guide-2-name');
	assert.equal(await tab.locator('#ck-g-method').inputValue(), 'standalone');
	await next();
	await ended(tab);
	await tab.getByText('All is well.').waitFor();
	await shot(tab, 'guide-3-check');
	await next();
	await tab.getByRole('button', { name: 'Test', exact: true }).click();
	await ended(tab);
	await shot(tab, 'guide-4-test');
	assert.equal(ubus('status', { section: 'guide_example_org' }).source, 'staging');
	await tab.locator('.ck-guide').getByRole('button', { name: 'Go live' }).click();
	await tab.getByText('The certificate is there.').waitFor({ timeout: 60_000 });
	await shot(tab, 'guide-5-live');
	const now = ubus('status', { section: 'guide_example_org' });
	assert.deepEqual([now.state, now.source], ['valid', 'acme']);
	assert.match(router('uci show certkeeper'), /accept_tos='1'/);
	await tab.getByRole('button', { name: 'Leave the guide' }).click();
	await row(tab, 'guide_example_org').getByText('Valid').waitFor();
	await end(tab);
});

page('a failing check says what is wrong', async () => {
	configure(GLOBAL + CA() + cert('bad', 'bad.example.org', "\toption listen_address '203.0.113.77'\n\toption cert_profile 'nosuch'\n"));
	const tab = await open('certificates');
	await act(tab, 'bad', 'Check configuration');
	await ended(tab, 'Failed');
	const fault = tab.locator('.ck-findings .ck-bad', { hasText: 'nosuch' });
	await fault.waitFor();
	await shot(tab, 'check-fails');
	await close(tab);
	/* The focus is where it was. */
	assert.ok(await row(tab, 'bad').getByRole('button', { name: 'Actions' }).evaluate(b => b === document.activeElement));
	await end(tab);
});

page('from staging to live in one click', async () => {
	configure(GLOBAL + CA() + cert('web', 'web.example.org', "\toption staging '1'\n"));
	renew();
	const tab = await open('certificates');
	await row(tab, 'web').getByText('Staging', { exact: true }).waitFor();
	await shot(tab, 'staging');
	await row(tab, 'web').getByRole('button', { name: 'Go live' }).click();
	await ended(tab);
	await shot(tab, 'live-stages');
	assert.ok(await tab.locator('.ck-steps li').count() >= 5);
	await close(tab);
	await row(tab, 'web').getByText('CA', { exact: true }).waitFor();
	assert.equal(ubus('status', { section: 'web' }).source, 'acme');
	await end(tab);
});

page('show, log, revoke and reissue', async () => {
	configure(GLOBAL + CA() + cert('web', 'web.example.org'));
	renew();
	const tab = await open('certificates');
	await act(tab, 'web', 'Show');
	await tab.locator('.ck-paper', { hasText: 'BEGIN CERTIFICATE' }).waitFor();
	await shot(tab, 'show');
	const [download] = await Promise.all([tab.waitForEvent('download'), tab.locator('.modal').getByRole('button', { name: 'Download' }).click()]);
	assert.equal(download.suggestedFilename(), 'web.crt');
	await close(tab);
	await act(tab, 'web', 'Log');
	await tab.locator('.ck-log li').nth(5).waitFor();
	await shot(tab, 'log');
	await close(tab);

	await act(tab, 'web', 'Revoke');
	await tab.selectOption('#ck-reason', 'superseded');
	await shot(tab, 'revoke-asks');
	await tab.locator('.modal').getByRole('button', { name: 'Revoke' }).click();
	await ended(tab);
	await close(tab);
	await row(tab, 'web').getByText('Banned').waitFor();
	await shot(tab, 'revoked');
	await row(tab, 'web').getByRole('button', { name: 'Reissue' }).click();
	await ended(tab);
	await close(tab);
	await row(tab, 'web').getByText('Valid').waitFor();
	await end(tab);
});

page('a test at the staging server leads to the real one', async () => {
	configure(GLOBAL + CA() + cert('web', 'web.example.org'));
	renew();
	const tab = await open('certificates');
	const before = ubus('status', { section: 'web' }).certificate.serial;
	await act(tab, 'web', 'Test (staging)');
	await tab.getByRole('button', { name: 'Issue the real one' }).click({ timeout: 60_000 });
	await ended(tab);
	await close(tab);
	const now = ubus('status', { section: 'web' });
	assert.equal(now.source, 'acme');
	assert.notEqual(now.certificate.serial, before);
	await end(tab);
});

page('the agent is killed while the page is open, and started from there', async () => {
	configure(GLOBAL + CA() + cert('web', 'web.example.org'));
	renew();
	const tab = await open('certificates');
	await row(tab, 'web').waitFor();
	router('/etc/init.d/certkeeper stop; sleep 1');
	await row(tab, 'web').getByRole('button', { name: 'Renew' }).click();
	await tab.locator('.modal').getByText('The agent of certkeeper does not run.').waitFor();
	await close(tab);
	await tab.locator('.ck-page > div > .alert-message').getByText('The agent of certkeeper does not run.').waitFor();
	await shot(tab, 'agent-killed');
	await tab.getByRole('button', { name: 'Start the agent' }).click();
	await tab.locator('.ck-page > div > .alert-message').waitFor({ state: 'detached' });
	await row(tab, 'web').getByText('Valid').waitFor();
	await end(tab);
});

page('a section is added, checked before saving, saved and removed', async () => {
	configure(GLOBAL + CA() + cert('web', 'web.example.org'));
	renew();
	const tab = await open('certificates');
	const modal = tab.locator('.modal');
	await tab.getByRole('button', { name: 'Add certificate' }).click();
	const field = modal.locator('[data-name=domains] .add-item input');
	await field.fill('*.new.example.org');
	await field.press('Enter');
	await modal.getByRole('button', { name: 'Save' }).click();
	await modal.locator('.alert-message', { hasText: 'DNS alone' }).waitFor();
	await shot(tab, 'add-refused');
	const item = modal.locator('[data-name=domains] .item');
	await item.click({ position: { x: (await item.boundingBox()).width - 8, y: 8 } });
	await item.waitFor({ state: 'detached' });
	await field.fill('new.example.org');
	await field.press('Enter');
	await modal.locator('.cbi-tabmenu a', { hasText: 'CA and key' }).click();
	await modal.locator('[data-name=account] .cbi-dropdown').click();
	await modal.locator('[data-name=account] .dropdown li[data-value=pebble]').click();
	await modal.getByRole('button', { name: 'Check configuration' }).click();
	await ended(tab);
	await shot(tab, 'add-checked');
	assert.ok(!/new_example_org/.test(router('uci show certkeeper')), 'nothing is saved yet');
	await modal.getByRole('button', { name: 'Save' }).click();
	await row(tab, 'new_example_org').getByText('Valid').waitFor({ timeout: 60_000 });
	assert.match(router('uci show certkeeper.new_example_org'), /account='pebble'/);

	await act(tab, 'new_example_org', 'Edit');
	await modal.locator('.cbi-tabmenu a', { hasText: 'Use' }).click();
	await shot(tab, 'edit-use');
	await modal.getByRole('button', { name: 'Cancel' }).click();
	await act(tab, 'new_example_org', 'Remove');
	await modal.getByRole('button', { name: 'Remove' }).click();
	await row(tab, 'new_example_org').waitFor({ state: 'detached' });
	assert.ok(!/new_example_org/.test(router('uci show certkeeper')));
	await end(tab);
});
