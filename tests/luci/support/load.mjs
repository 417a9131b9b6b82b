// Reads one of the page's modules the way LuCI does, without a browser: for those that only compute.
import { existsSync, readFileSync } from 'node:fs';

export const resources = new URL('../../../luci/htdocs/luci-static/resources/', import.meta.url);

// LuCI gives every string this method; the page uses %s, %d and %f.
String.prototype.format = function(...values) {
	return this.replace(/%(%|s|d|f)/g, (all, kind) => {
		if (kind === '%')
			return '%';
		const value = values.shift();
		return kind === 'd' ? String(Math.trunc(value)) : String(value);
	});
};

const known = {};

export function load(name) {
	if (known[name])
		return known[name];

	const file = new URL(name.replace(/\./g, '/') + '.js', resources);

	if (!existsSync(file))
		throw new Error(`${name} is a module of LuCI: this one cannot be loaded without a browser`);

	const text = readFileSync(file, 'utf8');
	const names = [...text.matchAll(/^'require ([\w.]+)(?: as (\w+))?';$/gm)];
	const values = names.map(m => m[1] === 'baseclass' ? { extend: parts => parts } : load(m[1]));
	const variables = names.map(m => m[2] || m[1].split('.').pop());
	const plural = (n, one, many) => n === 1 ? one : many;

	known[name] = new Function('_', 'N_', ...variables, text)(text => text, plural, ...values);
	return known[name];
}
