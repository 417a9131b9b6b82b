'use strict';
'require baseclass';
'require form';

/* LuCI's list of values looks at what is typed, key by key: what is pasted, or chosen as one's own, can
   come into the list unseen. This one looks at all of it again before it is saved. */
const List = form.DynamicList.extend({
	/* What is wrong with the first value that is, or an empty text. */
	wrong(section_id) {
		return [].concat(this.formvalue(section_id) || []).map(value => this.validate(section_id, value)).filter(fault => fault !== true)[0] || '';
	},

	isValid(section_id) {
		return this.super('isValid', [section_id]) && this.wrong(section_id) === '';
	},

	getValidationError(section_id) {
		return this.super('getValidationError', [section_id]) || this.wrong(section_id);
	}
});

return baseclass.extend({ List: List });
