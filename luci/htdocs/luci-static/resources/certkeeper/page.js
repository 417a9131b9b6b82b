'use strict';
'require baseclass';
'require dom';
'require certkeeper.errors as errors';
'require certkeeper.widgets as widgets';

/* What the smaller pages share: a head, a place that is filled by `load` and drawn by `draw`, and
   actions after which it is filled anew. */
function create(what) {
	const place = E('div', {}, E('p', { 'class': 'spinning' }, [_('Loading…')]));

	function wrong(error) {
		return error && error.kind ? error : errors.classify(error);
	}

	/* An answer to an earlier question says nothing any more once a later one was asked. */
	let asked = 0;

	function again() {
		const mine = ++asked;
		const show = content => { if (mine === asked) widgets.redraw(place, () => { dom.content(place, content()); return place; }); };

		return what.load().then(
			answer => show(() => what.draw(answer, after)),
			error => show(() => widgets.failure(wrong(error), again)));
	}

	/* after(fn): a click handler that does fn and looks again. */
	function after(work) {
		return () => Promise.resolve().then(work)
			.catch(error => widgets.dialog(_('That did not work.'), widgets.failure(wrong(error))))
			.then(again);
	}

	again();

	return E('div', { 'class': 'ck-page' }, [
		widgets.head(what.title, what.text, what.buttons ? what.buttons(after) : []), place
	]);
}

return baseclass.extend({ create: create });
