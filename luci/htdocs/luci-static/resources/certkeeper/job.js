'use strict';
'require baseclass';
'require ui';
'require certkeeper.api as api';
'require certkeeper.errors as errors';
'require certkeeper.format as format';
'require certkeeper.outcome as outcome';
'require certkeeper.records as records';
'require certkeeper.widgets as widgets';
'require certkeeper.words as words';

/* A dialog that follows one job from the queue to its outcome. */

const PAUSE = 1000;
const ENDED = ['done', 'deferred', 'cancelled', 'failed'];
/* Where records wait for DNS. */
const RECORDS_AT = ['challenge', 'propagation', 'validation'];

/* The stages so far, each with its time. */
function steps(lines, times, ended) {
	const all = format.stages(lines, words.STAGES, times);

	return E('ol', { 'class': 'ck-steps' }, all.map((step, index) => {
		const last = index === all.length - 1;
		const took = step.at !== null && step.until !== null ? Math.round(step.until - step.at) : 0;
		return E('li', { 'class': last && !ended ? 'ck-now' : 'ck-past' }, [
			E('strong', {}, [words.stage(step.stage)]),
			E('time', {}, [step.at === null ? '' : format.clock(step.at)]),
			E('span', {}, [step.text || '']),
			E('small', {}, [took > 0 ? format.span(took) : ''])
		]);
	}));
}

/* Draws one job into `box`, as long as that is on the page. */
function Follower(box, number, done) {
	this.number = number;
	this.done = done;
	this.box = box;
	this.times = [];
	this.state = E('p', { 'role': 'status', 'aria-live': 'polite', 'class': 'ck-job-state' }, widgets.badge(words.job('queued')));
	this.place = E('div', {});
	this.tell = E('div', {});
	this.stop = widgets.deed(_('Cancel the work'), 'negative', ui.createHandlerFn(this, () => api.call('cancel', { job: number }).catch(() => null)));
	L.dom.content(box, [this.state, this.place, this.tell, E('div', { 'class': 'ck-buttons' }, [this.stop])]);
}

Follower.prototype.look = function() {
	/* Whoever closes the dialog does not wait for the end. */
	if (!document.body.classList.contains('modal-overlay-active') && this.modal || !document.body.contains(this.box))
		return Promise.resolve(this.done(null));

	return api.call('job', { job: this.number }).then(job => {
		const lines = job.progress || [];
		const now = Math.floor(Date.now() / 1000);

		/* A line's time is when it was first seen here. */
		while (this.times.length < lines.length)
			this.times.push(now);

		const stage = lines.map(line => format.step(line, words.STAGES).stage).filter(Boolean).pop();
		const waits = job.section && RECORDS_AT.indexOf(stage) >= 0 && (!('exit' in job) || job.state === 'deferred');

		return (waits ? api.call('orders', { section: job.section }).catch(() => ({})) : Promise.resolve({}))
			.then(answer => this.show(job, lines, answer.orders || []));
	}, error => {
		/* The agent may come back: procd starts it again, but its jobs are gone. */
		if (error.kind === 'absent' || error.kind === 'no_job') {
			L.dom.content(this.state, widgets.badge(words.job('cancelled')));
			L.dom.content(this.tell, widgets.failure(error.kind === 'absent' ? error :
				{ kind: 'no_job', message: _('The agent was started anew, and this work with it has ended.'), remedy: _('What was begun is taken up by the next run.') }));
			this.stop.remove();
			return this.done(null);
		}

		L.dom.content(this.tell, widgets.failure(error));
		return this.again();
	});
};

Follower.prototype.again = function() {
	return new Promise(done => window.setTimeout(done, PAUSE)).then(() => this.look());
};

Follower.prototype.show = function(job, lines, orders) {
	const ended = ENDED.indexOf(job.state) >= 0;

	L.dom.content(this.state, [widgets.badge(words.job(job.state)), ' ',
		job.state === 'queued' ? _('Other work is being done; this comes next.') : '']);
	L.dom.content(this.place, [steps(lines, this.times, ended), orders.map(order => records.table(order.records))].flat());

	if (!ended)
		return this.again();

	this.stop.remove();
	L.dom.content(this.tell, job.error ? widgets.failure(errors.told(job.error)) : outcome.draw(job));
	return this.done(job);
};

/* The promise has the ended job, or null when nobody looked on until the end. */
function show(box, number, modal) {
	return new Promise(done => {
		const follower = new Follower(box, number, done);
		follower.modal = modal;
		follower.look();
	});
}

/* run(box, method, args): starts the work and shows it in `box`. */
function run(box, method, args, modal) {
	return api.call(method, args).then(answer => show(box, answer.job, modal),
		error => { L.dom.content(box, widgets.failure(error)); return null; });
}

/* The same in a dialog of its own. */
function follow(title, method, args) {
	const box = E('div', {});

	widgets.dialog(title, box, null, true);
	return run(box, method, args, true);
}

/* Work that was begun before, in a dialog. */
function watch(title, number) {
	const box = E('div', {});

	widgets.dialog(title, box, null, true);
	return show(box, number, true);
}

/* The work on a section that goes on, among the jobs of `status`. */
function active(jobs, section) {
	return (jobs || []).filter(j => (j.section || undefined) === section && ENDED.indexOf(j.state) < 0)[0] || null;
}

return baseclass.extend({ follow: follow, run: run, watch: watch, active: active });
