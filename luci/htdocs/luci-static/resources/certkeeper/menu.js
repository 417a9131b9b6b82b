'use strict';
'require baseclass';
'require certkeeper.api as api';
'require certkeeper.widgets as widgets';

/* A button that opens a list of actions. The list is made when it is opened; arrow keys walk in it,
   Escape and a click elsewhere close it. */

let shut = null;

document.addEventListener('click', ev => { if (shut && !ev.target.closest('.ck-menu')) shut(); });

function open(holder, opener, actions, chosen) {
	if (shut)
		shut();

	const items = actions.map(action => E('button', {
		'type': 'button', 'role': 'menuitem', 'disabled': action[2] && !api.mayWrite() ? 'disabled' : null,
		'click': () => { shut(); opener.focus(); chosen(action[1]); }
	}, [action[0]]));
	const list = E('div', { 'class': 'ck-menu-list', 'role': 'menu', 'keydown': keys }, items);
	const able = items.filter(item => !item.disabled);

	function keys(ev) {
		const at = able.indexOf(document.activeElement);

		if (ev.key === 'Escape') {
			shut();
			opener.focus();
		}
		else if (ev.key === 'ArrowDown')
			able[(at + 1) % able.length].focus();
		else if (ev.key === 'ArrowUp')
			able[(at + able.length - 1) % able.length].focus();
		else if (ev.key === 'Tab')
			return shut();
		else
			return;

		ev.preventDefault();
	}

	shut = () => { list.remove(); opener.setAttribute('aria-expanded', 'false'); shut = null; };
	opener.setAttribute('aria-expanded', 'true');
	holder.appendChild(list);

	if (list.getBoundingClientRect().bottom > window.innerHeight)
		list.classList.add('ck-up');

	if (able.length)
		able[0].focus();
}

/* chosen(fn) is called with what the action does. */
function create(label, actions, chosen) {
	const holder = E('span', { 'class': 'ck-menu' });
	const opener = widgets.button([label, ' ', E('span', { 'aria-hidden': 'true' }, ['▾'])], 'neutral', () => {
		if (opener.getAttribute('aria-expanded') === 'true')
			return shut();
		open(holder, opener, actions(), chosen);
	}, { 'aria-haspopup': 'menu', 'aria-expanded': 'false' });

	holder.appendChild(opener);
	return holder;
}

return baseclass.extend({ create: create });
