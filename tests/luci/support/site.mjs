// A real LuCI for the browser tests, and the router behind it:
//
//   LUCI_URL       https://ROUTER/cgi-bin/luci
//   LUCI_PASSWORD  root's
//   LUCI_SHELL     a command that runs a command on the router, such as `ssh root@ROUTER`
//   LUCI_CA        the directory's URL of a Pebble that reaches the router on port 80
//   LUCI_STAGING   that of another one, its staging server, with the same root
//   LUCI_CA_FILE   the file on the router with their root
//   LUCI_SHOTS     a folder for screenshots (optional)
//
// The tests write /etc/config/certkeeper anew, and end with what stood there.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { chromium } from 'playwright-core';

const env = process.env;
const NEEDED = ['LUCI_URL', 'LUCI_PASSWORD', 'LUCI_SHELL', 'LUCI_CA', 'LUCI_STAGING', 'LUCI_CA_FILE'];
const CHROMIUM = [env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const missing = NEEDED.filter(name => !env[name]);
const program = CHROMIUM.find(file => file && existsSync(file));

export const lacks = missing.length ? `${missing.join(', ')} not given` : program ? null : 'there is no chromium';

// A test of the page, or its name and why it is not run.
export function page(name, run) {
	test(name, { skip: lacks || false, timeout: 180_000 }, async () => {
		try {
			await run();
		}
		catch (error) {
			/* What the page looked like then. */
			const context = (await browser)?.contexts().at(-1);
			if (context)
				await shot(context.pages()[0], 'failed-' + name.replace(/\W+/g, '-').slice(0, 40));
			throw error;
		}
		finally {
			await Promise.all(((await browser)?.contexts() || []).map(context => context.close()));
		}
	});
}

// Runs a shell command on the router.
export function router(command, input) {
	const words = env.LUCI_SHELL.split(' ');
	const done = spawnSync(words[0], [...words.slice(1), 'sh', '-c', command], { input: input || '', encoding: 'utf8' });
	if (done.status !== 0)
		throw new Error(`${command}: ${done.stderr || done.stdout}`);
	return done.stdout;
}

export const ubus = (method, args) => JSON.parse(router(`ubus call certkeeper ${method} '${JSON.stringify(args || {})}'`));

export const GLOBAL = `config certkeeper 'global'
	option accept_tos '1'
`;

export const CA = () => `
config account 'pebble'
	option acme_server '${env.LUCI_CA}'
	option staging_server '${env.LUCI_STAGING}'
	option ca_file '${env.LUCI_CA_FILE}'
`;

// The address of this machine that the router sees.
export function hostOfRouter() {
	const url = new URL(env.LUCI_URL);
	return new Promise((done, fail) => {
		const socket = connect(url.port || (url.protocol === 'https:' ? 443 : 80), url.hostname, () => {
			done(socket.localAddress);
			socket.destroy();
		});
		socket.on('error', fail);
	});
}

// Puts the router into a state: this configuration and no certificate, order or account.
export function configure(text) {
	router('/etc/init.d/certkeeper stop; rm -rf /etc/certkeeper/certs /etc/certkeeper/accounts /etc/certkeeper/primary /etc/certkeeper/local-ca /etc/ssl/domains /var/run/certkeeper/status /var/run/certkeeper/log /var/run/certkeeper/ari; ' +
		'cat >/etc/config/certkeeper; printf "" >/etc/config/certkeeper_secrets; chmod 600 /etc/config/certkeeper*; /etc/init.d/certkeeper start; ' +
		'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do ubus -t 1 list certkeeper >/dev/null 2>&1 && exit 0; sleep 1; done; exit 1', text);
}

export function renew(section) {
	router(`certkeeper renew ${section || ''} >/dev/null 2>&1 || true`);
}

// What stood on the router before.
let before = null;
test.before(() => { if (!lacks) before = router('cat /etc/config/certkeeper'); });
test.after(async () => {
	if (before !== null)
		configure(before);
	if (browser)
		await (await browser).close();
});

let browser = null;

// Logs in and opens a page of certkeeper. What goes wrong in the browser makes the test fail.
export async function open(path, options = {}) {
	browser = browser || chromium.launch({ executablePath: program, args: ['--no-sandbox', '--no-proxy-server'] });
	const context = await (await browser).newContext({
		ignoreHTTPSErrors: true, viewport: { width: options.width || 1200, height: options.height || 900 },
		colorScheme: options.dark ? 'dark' : 'light', locale: 'en-US', timezoneId: 'UTC', acceptDownloads: true,
		permissions: ['clipboard-read', 'clipboard-write']
	});
	const tab = await context.newPage();
	tab.setDefaultTimeout(30_000);
	tab.faults = [];
	tab.calls = [];

	await tab.goto(env.LUCI_URL + '/');
	const user = tab.locator('input[name=luci_username]');
	await user.fill(options.login || 'root');
	await tab.fill('input[name=luci_password]', options.password || env.LUCI_PASSWORD);
	await tab.press('input[name=luci_password]', 'Enter');
	await tab.waitForSelector('#topmenu li', { state: 'attached' });

	tab.on('pageerror', error => tab.faults.push(error.stack));
	tab.on('request', request => {
		if (request.url().includes('/ubus'))
			for (const call of [].concat(JSON.parse(request.postData() || '[]')))
				tab.calls.push(call.method === 'call' ? [...call.params.slice(1, 3), call.params[3].config].filter(Boolean).join(' ') : call.method);
	});

	/* The page that one sees after the login asks on until it is left. */
	tab.on('framenavigated', () => { tab.calls.length = 0; });
	await tab.goto(`${env.LUCI_URL}/admin/${path.startsWith('status') ? path : 'services/certkeeper/' + path}`);
	await tab.waitForSelector('.ck-page, .ck-card, .alert-message');
	return tab;
}

export async function shot(tab, name) {
	if (!env.LUCI_SHOTS)
		return;
	mkdirSync(env.LUCI_SHOTS, { recursive: true });
	/* Dialogs fade in. */
	await tab.waitForTimeout(400);
	await tab.screenshot({ path: join(env.LUCI_SHOTS, name + '.png') });
}

export async function end(tab) {
	const faults = tab.faults;
	await tab.context().close();
	if (faults.length)
		throw new Error(`in the browser: ${faults.join('\n')}`);
}
