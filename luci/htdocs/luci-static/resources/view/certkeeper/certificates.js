'use strict';
'require view';
'require dom';
'require certkeeper.api as api';
'require certkeeper.drawing as drawing';
'require certkeeper.errors as errors';
'require certkeeper.job as job';
'require certkeeper.live as live';
'require certkeeper.row as row';
'require certkeeper.takeover as takeover';
'require certkeeper.widgets as widgets';

/* Services → Domain Certificates: all certificates, and what can be done with them. One call draws it. */

/* Above this many certificates the timeline waits until it is opened. */
const CHART_MAX = 30;

function now(head) {
	return head.now || Math.floor(Date.now() / 1000);
}

return view.extend({
	load() {
		return api.call('status').catch(error => ({ error: error }));
	},

	render(head) {
		this.trouble = E('div', {});
		this.list = E('div', { 'class': 'ck-list' });
		this.guide = E('div', {});
		this.offer = E('div', {});
		this.asked = 0;
		this.chart = E('div', {});
		this.timeline = E('details', { 'class': 'ck-timeline', 'hidden': '', 'toggle': () => this.drawChart() }, [
			E('summary', {}, [_('Timeline of all certificates')]), this.chart
		]);
		this.rows = {};
		this.poll = live.begin(() => this.look());

		const page = E('div', { 'class': 'ck-page' }, [
			widgets.head(_('Domain Certificates'), _('The TLS certificates of this router: where each comes from, how long it lasts, and what keeps it valid.'), [
				widgets.deed(_('Add certificate'), 'add', () => this.done(L.require('certkeeper.certform').then(form => form.open(null)))),
				widgets.deed(_('Guide'), 'neutral', () => this.showGuide())
			]),
			this.trouble, this.offer, this.guide, this.timeline, this.list
		]);

		this.draw(head);
		return page;
	},

	/* Asks, and says whether something runs. */
	look() {
		/* An answer to an earlier question says nothing any more once a later one was asked. */
		const mine = ++this.asked;

		return api.call('status').catch(error => ({ error: error })).then(head => mine !== this.asked || this.draw(head));
	},

	/* What is to happen after an action. */
	done(work) {
		this.poll.soon();
		return Promise.resolve(work).catch(error => widgets.dialog(_('That did not work.'), widgets.failure(error.kind ? error : errors.classify(error))))
			.then(() => { this.poll.soon(); return this.look(); });
	},

	draw(head) {
		if (head.error) {
			dom.content(this.trouble, widgets.failure(head.error, () => this.look()));
			/* What was seen last stays, but says nothing of now. */
			this.list.classList.add('ck-stale');
			return false;
		}

		const documents = head.sections || [];
		this.head = head;
		this.list.classList.remove('ck-stale');
		dom.content(this.trouble, errors.lacks(head).map(lack => widgets.failure(lack)));

		/* It opens by itself once; who leaves it finds its button. */
		if (!documents.length && api.mayWrite() && !this.guided) {
			this.guided = true;
			this.showGuide();
		}
		else if (!documents.length && !this.guide.firstChild)
			dom.content(this.list, widgets.empty(_('No certificate is configured yet.')));

		this.drawOffer(head);

		const held = documents.filter(d => d.certificate).length;
		if (held && this.timeline.hidden)
			this.timeline.open = held > 1 && held <= CHART_MAX;
		this.timeline.hidden = !held;

		this.drawRows(documents, now(head));
		this.drawChart();
		return documents.some(d => d.stage || job.active(head.jobs, d.section)) || Boolean(job.active(head.jobs));
	},

	/* A row that did not change stays as it is: its focus, its open menu. */
	drawRows(documents, at) {
		const old = this.rows;
		const minute = Math.floor(at / 60);
		this.rows = {};

		documents.forEach((d, index) => {
			const work = job.active(this.head.jobs, d.section);
			const key = JSON.stringify([d, work, minute]);
			const before = old[d.section];
			const kept = before && before.key === key;
			const node = kept ? before.node : row.render(d, at, deed => this.done(deed()), work);

			if (before && !kept && !before.node.querySelector('[aria-expanded=true]')) {
				widgets.redraw(before.node, () => { before.node.replaceWith(node); return node; });
			}
			else if (before && !kept) {
				/* A menu is open in it: next time. */
				this.rows[d.section] = before;
				return;
			}

			if (this.list.children[index] !== node)
				this.list.insertBefore(node, this.list.children[index] || null);

			this.rows[d.section] = { key: key, node: node };
		});

		while (this.list.children.length > documents.length && documents.length)
			this.list.lastChild.remove();

		if (!documents.length && Object.keys(old).length)
			dom.content(this.list, '');
	},

	drawChart() {
		if (this.timeline.open && !this.timeline.hidden)
			dom.content(this.chart, drawing.chart(this.head.sections || [], now(this.head)));
	},

	/* What OpenWrt's acme package has can be had here. Only who may change things hears of it. */
	drawOffer(head) {
		const key = JSON.stringify([head.acme, (head.sections || []).length]);

		if (api.mayWrite() && key !== this.offered) {
			this.offered = key;
			dom.content(this.offer, [].concat(takeover.offer(head, work => { dom.content(this.guide, ''); return this.done(work()); })));
		}
	},

	showGuide() {
		return L.require('certkeeper.guide').then(guide => {
			dom.content(this.guide, guide.render(() => { dom.content(this.guide, ''); this.done(); }, () => this.done()));
		});
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
