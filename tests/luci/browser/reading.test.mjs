// Who may only look, what the overview says, and what the page costs, on a real LuCI.
import assert from 'node:assert/strict';
import { CA, GLOBAL, configure, end, open, page, renew, router, shot } from '../support/site.mjs';

const cert = (section, more = '') => `
config cert '${section}'
	list domains '${section}.example.org'
	option account 'pebble'
	option validation_method 'standalone'
${more}`;

// A login that has the right to read luci-app-certkeeper, and nothing to write.
function reader() {
	router(`cp /etc/config/rpcd /tmp/rpcd.before; cp /etc/shadow /tmp/shadow.before; cp /etc/passwd /tmp/passwd.before
		grep -q '^looker:' /etc/passwd || echo 'looker:x:901:901::/tmp:/bin/false' >>/etc/passwd
		sed -i /^looker:/d /etc/shadow; echo "looker:$(sed -n 's/^root:\\([^:]*\\):.*/\\1/p' /etc/shadow):19000:0:99999:7:::" >>/etc/shadow
		uci batch <<-U
			set rpcd.looker=login
			set rpcd.looker.username=looker
			set rpcd.looker.password='\\$p\\$looker'
			add_list rpcd.looker.read=unauthenticated
			add_list rpcd.looker.read=luci-base
			add_list rpcd.looker.read=luci-app-certkeeper
			add_list rpcd.looker.read=luci-mod-status-index
			commit rpcd
		U
		/etc/init.d/rpcd reload; sleep 1`);
}
const noReader = () => router('cp /tmp/rpcd.before /etc/config/rpcd; cp /tmp/shadow.before /etc/shadow; cp /tmp/passwd.before /etc/passwd; /etc/init.d/rpcd reload; sleep 1');

page('a login that may only look sees everything, can do nothing, and no secret', async () => {
	configure(GLOBAL + CA() + cert('web') + `
config provider 'house'
	option dns 'powerdns'
	list credentials 'PDNS_Url=http://192.0.2.53:8081'
`);
	router('cat >/etc/config/certkeeper_secrets', "config secret 'house'\n\tlist credentials 'PDNS_Token=hush-hush'\n");
	renew();
	reader();
	try {
		const tab = await open('certificates', { login: 'looker' });
		const web = tab.locator('.ck-cert[data-section=web]');
		await web.getByText('Valid').waitFor();
		assert.ok(await web.getByRole('button', { name: 'Renew' }).isDisabled());
		assert.ok(await tab.getByRole('button', { name: 'Add certificate' }).isDisabled());
		await web.getByRole('button', { name: 'Actions' }).click();
		for (const name of ['Check configuration', 'Revoke', 'Remove', 'Disable'])
			assert.ok(await tab.getByRole('menuitem', { name, exact: true }).isDisabled(), name);
		await shot(tab, 'reader');
		await tab.getByRole('menuitem', { name: 'Show' }).click();
		await tab.locator('.ck-paper', { hasText: 'BEGIN CERTIFICATE' }).waitFor();
		await tab.locator('.modal').getByRole('button', { name: 'Close' }).click();
		/* Whoever goes round the page is refused by rpcd. */
		const refused = await tab.evaluate(() => L.require('rpc').then(rpc => rpc.declare({ object: 'certkeeper', method: 'renew', params: ['section'], reject: true })('web')).then(() => 'done', e => e.message));
		assert.match(refused, /denied|code 6/i);
		const secret = await tab.evaluate(() => L.require('rpc').then(rpc => rpc.declare({ object: 'uci', method: 'get', params: ['config'], reject: true })('certkeeper_secrets')).then(JSON.stringify, e => e.message));
		assert.ok(!/hush/.test(secret) && /denied|code 6/i.test(secret), secret);
		tab.faults.length = 0;
		await tab.goto(process.env.LUCI_URL + '/admin/services/certkeeper/providers');
		await tab.locator('.ck-badge', { hasText: 'set' }).waitFor();
		assert.ok(!/hush/.test(await tab.content()));
		assert.ok(await tab.getByRole('button', { name: 'Add provider' }).isDisabled());
		for (const path of ['accounts', 'uploads', 'requests', 'orders', 'settings']) {
			await tab.goto(`${process.env.LUCI_URL}/admin/services/certkeeper/${path}`);
			await tab.waitForSelector('.ck-page');
			for (const button of await tab.locator('.ck-buttons .cbi-button-positive, .ck-buttons .cbi-button-add, .ck-buttons .cbi-button-negative, .cbi-page-actions button').all())
				assert.ok(await button.isDisabled(), `${path}: ${await button.textContent()}`);
		}
		await end(tab);
	}
	finally {
		noReader();
	}
});

page('root cannot read a secret back either', async () => {
	configure(GLOBAL);
	router('cat >/etc/config/certkeeper_secrets', "config secret 'house'\n\tlist credentials 'PDNS_Token=hush-hush'\n");
	const tab = await open('certificates');
	const secret = await tab.evaluate(() => L.require('rpc').then(rpc => rpc.declare({ object: 'uci', method: 'get', params: ['config'], reject: true })('certkeeper_secrets')).then(JSON.stringify, e => e.message));
	assert.ok(!/hush/.test(secret), secret);
	await end(tab);
});

page('a call that the session has no right to says so', async () => {
	configure(GLOBAL + CA() + cert('web', "\toption auto_update '0'\n"));
	const tab = await open('certificates');
	await tab.locator('.ck-cert').waitFor();
	const session = await tab.evaluate(() => L.env.sessionid);
	router(`ubus call session revoke '{"ubus_rpc_session":"${session}","scope":"ubus","objects":[["certkeeper","check"]]}'`);
	await tab.locator('.ck-cert').getByRole('button', { name: 'Actions' }).click();
	await tab.getByRole('menuitem', { name: 'Check configuration' }).click();
	await tab.locator('.modal').getByText('This login is not allowed to do that.').waitFor();
	await tab.locator('.modal').getByText('log out and in again').waitFor();
	await shot(tab, 'refused');
	await end(tab);
});

page('the overview has a card', async () => {
	configure(GLOBAL + CA() + cert('web') + cert('bad', "\toption cert_profile 'nosuch'\n"));
	renew();
	const tab = await open('status/overview');
	const card = tab.locator('.ck-card');
	await card.waitFor();
	assert.match(await card.textContent(), /1 \/ 2.*valid.*first to end: .*failing: bad/);
	/* LuCI draws its overview anew each few seconds, so that nothing there stays still for long. */
	await tab.evaluate(() => document.querySelector('.ck-card').scrollIntoView());
	await shot(tab, 'card');
	/* Without its entry in the menu the page is not found by anybody: the card says so. */
	await tab.evaluate(() => {
		for (let i = 0; i < sessionStorage.length; i++) {
			const key = sessionStorage.key(i);
			sessionStorage.setItem(key, sessionStorage.getItem(key).replace(/"certkeeper":\{/, '"elsewhere":{'));
		}
	});
	await tab.reload();
	await tab.getByText('menu does not show it yet').waitFor();
	await tab.getByRole('button', { name: 'Read the menu anew' }).click();
	await tab.locator('.ck-card').waitFor();
	await end(tab);
});

page('clock and root certificates that are missing are told, each in its sentence', async () => {
	configure(GLOBAL + "\toption ca_bundle '/nowhere'\n");
	router('mv /var/run/certkeeper/clock /tmp/clock.before 2>/dev/null || true');
	try {
		const tab = await open('certificates');
		await tab.getByText('There is no bundle of root certificates.').waitFor();
		await tab.getByText('The clock of the router is not set.').waitFor();
		await shot(tab, 'lacks');
		await end(tab);
	}
	finally {
		router('mv /tmp/clock.before /var/run/certkeeper/clock 2>/dev/null || true');
	}
});

page('the first paint takes at most two calls; idle pages ask each half minute, hidden ones never', async () => {
	configure(GLOBAL + CA() + cert('web'));
	renew();
	const tab = await open('certificates');
	await tab.locator('.ck-cert').waitFor();
	await tab.waitForTimeout(5000);
	/* LuCI's own frame asks for its settings and for unsaved changes. */
	const own = tab.calls.filter(call => !['uci get luci', 'uci changes', 'session access'].includes(call));
	assert.deepEqual(own, ['certkeeper status']);
	const bytes = await tab.evaluate(() => performance.getEntriesByType('resource').filter(e => /certkeeper/.test(e.name)).map(e => e.encodedBodySize));
	console.log(`# page load: ${tab.calls.length} calls (${tab.calls.join(', ')}); ${bytes.length} files of certkeeper, ${bytes.reduce((a, b) => a + b, 0)} bytes`);
	const before = tab.calls.length;
	await tab.evaluate(() => Object.defineProperty(document, 'hidden', { configurable: true, get: () => true }));
	await tab.waitForTimeout(35_000);
	assert.equal(tab.calls.length, before, 'nobody looks');
	await tab.evaluate(() => Object.defineProperty(document, 'hidden', { configurable: true, get: () => false }));
	await tab.waitForTimeout(4000);
	assert.equal(tab.calls.filter(call => call === 'certkeeper status').length, 2);
	await end(tab);
});

page('what a CA or a web server says is text, never HTML', async () => {
	configure(GLOBAL + CA());
	const tab = await open('certificates');
	const found = await tab.evaluate(async () => {
		const [row, widgets, records, outcome, now] = [await L.require('certkeeper.row'), await L.require('certkeeper.widgets'),
			await L.require('certkeeper.records'), await L.require('certkeeper.outcome'), Math.floor(Date.now() / 1000)];
		const bad = '<img src=x onerror="window.harmed=1">';
		const document_ = {
			section: 'web', state: 'invalid', label: bad, source: 'acme', ca: bad, names: [{ name: bad, method: bad, state: 'invalid', problem: bad }], warnings: [bad],
			used_by: [bad], named_in: [bad], last_attempt: { state: 'invalid', stage: 'order', problem: bad, remedy: bad, at: now },
			certificate: { issuer: bad, key_type: bad, version: 1, not_before: now - 9, not_after: now + 99999, due: now + 999 },
			records: [{ domain: bad, type: 'TXT', ttl: 60, value: bad, status: 'not_ready' }]
		};
		const box = document.body.appendChild(E('div', {}, [
			row.render(document_, now, () => null), widgets.failure({ kind: 'other', message: bad, remedy: bad }), widgets.facts([[bad, bad]]),
			widgets.entry([bad], [bad], [bad]), widgets.link(bad, bad), widgets.head(bad, bad, []), widgets.empty(bad), widgets.message('error', bad, bad)
		].concat(records.byHand(document_)).concat(outcome.draw({ state: 'failed', method: 'renew', document: { sections: [{ section: bad, outcome: 'failed', problem: bad, remedy: bad }] } }))));
		await new Promise(done => setTimeout(done, 500));
		return { images: box.querySelectorAll('img').length, harmed: window.harmed, shown: box.textContent.split('onerror').length - 1 };
	});
	assert.equal(found.images, 0);
	assert.equal(found.harmed, undefined);
	assert.ok(found.shown > 15, `${found.shown}`);
	await end(tab);
});

page('a hundred certificates are drawn without a stall', async () => {
	configure(GLOBAL + "\toption local_ca '0'\n" + CA() + Array.from({ length: 100 }, (_, i) => cert(`s${i}`, "\toption auto_update '0'\n")).join(''));
	const tab = await open('certificates');
	await tab.locator('.ck-cert').nth(99).waitFor({ state: 'attached' });
	const took = await tab.evaluate(async () => {
		const [row, format] = await Promise.all([L.require('certkeeper.row'), L.require('certkeeper.drawing')]);
		const now = Math.floor(Date.now() / 1000);
		const documents = Array.from({ length: 100 }, (_, i) => ({
			section: 's' + i, state: 'valid', source: 'acme', names: [{ name: `s${i}.example.org` }], warnings: [], used_by: ['service nginx'],
			certificate: { issuer: 'X', key_type: 'ec256', version: 2, not_before: now - 86400 * i % 60, not_after: now + 86400 * (90 - i % 60), due: now + 86400 * (60 - i % 60) }
		}));
		const begin = performance.now();
		const box = document.body.appendChild(E('div', {}, documents.map(d => row.render(d, now, () => null))));
		box.appendChild(format.chart(documents, now));
		box.getBoundingClientRect();
		return performance.now() - begin;
	});
	console.log(`# 100 certificates: ${Math.round(took)} ms`);
	assert.ok(took < 1000, `${took} ms`);
	await shot(tab, 'hundred');
	await end(tab);
});

// Texts of the page whose contrast with what is behind them is less than WCAG 2.1 wants (1.4.3: 4.5, 3 for large ones).
const pale = () => {
	const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
	const rgba = css => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = css;
		canvas.fillRect(0, 0, 1, 1);
		const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
		return [r, g, b, a / 255];
	};
	const over = (top, under) => [0, 1, 2].map(i => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
	const light = color => color.slice(0, 3).map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = node => node ? over(rgba(getComputedStyle(node).backgroundColor), behind(node.parentElement)) : [255, 255, 255, 1];
	const out = [];
	for (const node of document.querySelectorAll('.ck-page *, .ck-dialog *')) {
		const text = [...node.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join('');
		/* Buttons and messages are the theme's. */
		if (!text || node.closest('button, .alert-message, svg, .ck-away, [disabled], .cbi-tabmenu') || !node.offsetParent)
			continue;
		const style = getComputedStyle(node);
		const back = behind(node);
		const [a, b] = [light(over(rgba(style.color), back)), light(back)].sort((x, y) => y - x);
		const size = parseFloat(style.fontSize);
		const large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
		const contrast = (a + 0.05) / (b + 0.05);
		if (contrast < (large ? 3 : 4.5))
			out.push(`${contrast.toFixed(2)} ${node.className || node.tagName}: ${text.slice(0, 40)}`);
	}
	return [...new Set(out)];
};

page('texts stand out from what is behind them, in both themes', async () => {
	configure(GLOBAL + CA() + cert('web', "\tlist service 'cron'\n\toption primary '1'\n") + cert('bad', "\toption cert_profile 'nosuch'\n") +
		cert('off', "\toption enabled '0'\n") + cert('late', "\toption auto_update '0'\n") + cert('test', "\toption staging '1'\n"));
	renew();
	for (const dark of [false, true]) {
		const tab = await open('certificates', { dark });
		await tab.locator('.ck-cert').nth(4).waitFor();
		assert.deepEqual(await tab.evaluate(pale), [], dark ? 'dark' : 'light');
		await tab.locator('.ck-cert[data-section=web]').getByRole('button', { name: 'Actions' }).click();
		await tab.getByRole('menuitem', { name: 'Show' }).click();
		await tab.locator('.ck-paper').waitFor();
		await shot(tab, dark ? 'show-dark' : 'show-light');
		assert.deepEqual(await tab.evaluate(pale), [], dark ? 'dark dialog' : 'light dialog');
		await tab.keyboard.press('Escape');
		await tab.getByRole('button', { name: 'Guide' }).click();
		await tab.locator('#ck-g-ca').waitFor();
		assert.deepEqual(await tab.evaluate(pale), [], dark ? 'dark guide' : 'light guide');
		await end(tab);
	}
});

page('it fits a phone, a dark theme, and the keyboard alone', async () => {
	configure(GLOBAL + CA() + cert('web', "\tlist service 'cron'\n\toption primary '1'\n") + cert('mail') + cert('bad', "\toption cert_profile 'nosuch'\n"));
	renew();
	const phone = await open('certificates', { width: 390, height: 844 });
	await phone.locator('.ck-cert').first().waitFor();
	assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth + 1), 'nothing sticks out');
	await shot(phone, 'phone');
	const fits = what => phone.evaluate(() => [...document.querySelectorAll('.ck-page *, .modal *')]
		.filter(n => n.offsetParent && !n.closest('svg, pre, .ck-away') && n.getBoundingClientRect().right > window.innerWidth + 1)
		.map(n => `${n.tagName} ${n.className} ${n.textContent.slice(0, 30)}`)).then(out => assert.deepEqual(out, [], what));
	await fits('certificates');
	await phone.getByRole('button', { name: 'Add certificate' }).click();
	for (const name of ['Names', 'Validation', 'CA and key', 'Use']) {
		await phone.locator('.modal .cbi-tabmenu a', { hasText: name }).click();
		await fits(name);
		await shot(phone, 'phone-' + name.toLowerCase().replace(/ /g, '-'));
	}
	await phone.locator('.modal').getByRole('button', { name: 'Cancel' }).click();
	await phone.getByRole('button', { name: 'Guide' }).click();
	await phone.locator('#ck-g-ca').waitFor();
	await fits('guide');
	await shot(phone, 'phone-guide');
	for (const path of ['accounts', 'providers', 'uploads', 'requests', 'orders', 'settings']) {
		await phone.goto(`${process.env.LUCI_URL}/admin/services/certkeeper/${path}`);
		await phone.waitForSelector('.ck-entry, .ck-empty, .cbi-map');
		await fits(path);
		await shot(phone, 'phone-' + path);
	}
	await end(phone);

	const tab = await open('certificates', { dark: true });
	await tab.locator('.ck-cert').first().waitFor();
	await shot(tab, 'dark');
	const actions = tab.locator('.ck-cert[data-section=web]').getByRole('button', { name: 'Actions' });
	await actions.focus();
	await tab.keyboard.press('Enter');
	await tab.keyboard.press('ArrowDown');
	await tab.keyboard.press('ArrowUp');
	await shot(tab, 'menu-dark');
	await tab.keyboard.press('Escape');
	assert.ok(await actions.evaluate(b => b === document.activeElement));
	await tab.keyboard.press('Enter');
	await tab.getByRole('menuitem', { name: 'Log' }).focus();
	await tab.keyboard.press('Enter');
	await tab.locator('.ck-log li').first().waitFor();
	await tab.keyboard.press('Escape');
	await tab.locator('.ck-log').waitFor({ state: 'hidden' });
	assert.ok(await actions.evaluate(b => b === document.activeElement));
	await end(tab);
});
