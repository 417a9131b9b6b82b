'use strict';
'require baseclass';
'require poll';

/* Asks again: soon while something runs, each half minute otherwise, never while nobody looks. */

const TICK = 2;
const IDLE = 30;

/* begin(ask): `ask` returns a promise of whether something runs. `.soon()` asks with the next tick. */
function begin(ask) {
	let last = Date.now();
	let busy = false;
	let asking = false;

	function tick() {
		const due = busy || Date.now() - last >= IDLE * 1000;

		if (document.hidden || asking || !due)
			return Promise.resolve();

		asking = true;
		last = Date.now();

		return ask().then(runs => { busy = runs; }, () => { busy = false; }).then(() => { asking = false; });
	}

	poll.add(tick, TICK);

	return {
		soon() { busy = true; }
	};
}

return baseclass.extend({ begin: begin });
