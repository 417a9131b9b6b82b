// LuCI's modules are bodies of functions: they return, and what they `require` are their variables.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import globals from 'globals';

const top = fileURLToPath(new URL('../..', import.meta.url));

const LUCI = { L: 'readonly', E: 'readonly', _: 'readonly', N_: 'readonly' };

const strict = {
	'no-undef': 'error', 'no-unused-vars': 'error', 'no-var': 'error', 'prefer-const': 'error', 'eqeqeq': 'error',
	'no-redeclare': 'error', 'no-implied-eval': 'error', 'no-eval': 'error', 'no-new-func': 'off',
	'no-unreachable': 'error', 'no-dupe-keys': 'error', 'no-control-regex': 'error', 'no-fallthrough': 'error',
	'no-self-compare': 'error', 'no-constant-condition': 'error', 'no-sparse-arrays': 'error', 'consistent-return': 'off'
};

// LuCI's E() takes a text for HTML unless it stands in a list: only lists, and what makes nodes, may be there.
const CHILDREN = ':not([arguments.2.type="ArrayExpression"]):not([arguments.2.callee.name="E"]):not([arguments.2.callee.object.name="widgets"])' +
	':not([arguments.2.callee.property.name=/^(map|flat|concat|filter|reduce)$/]):not([arguments.2.type="Identifier"][arguments.2.name=/^(content|all|input|rows|list|items|actions|buttons|choice|names)$/])';
const HTML = {
	selector: `CallExpression[callee.name="E"][arguments.length=3]${CHILDREN}`,
	message: 'A text as the third argument of E() is HTML: put it in a list.'
};

function modules(folder) {
	return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
		const path = join(folder, entry.name);
		return entry.isDirectory() ? modules(path) : entry.name.endsWith('.js') ? [path] : [];
	});
}

function required(file) {
	const all = readFileSync(file, 'utf8').matchAll(/^'require ([\w.]+)(?: as (\w+))?';$/gm);
	return Object.fromEntries([...all].map(m => [m[2] || m[1].split('.').pop(), 'readonly']));
}

export default [
	...modules(join(top, 'luci/htdocs')).map(file => ({
		files: [file.slice(top.length)],
		languageOptions: {
			ecmaVersion: 2019, sourceType: 'script', parserOptions: { ecmaFeatures: { globalReturn: true } },
			globals: { ...globals.browser, ...LUCI, ...required(file) }
		},
		rules: { ...strict, 'no-restricted-syntax': ['error', HTML] }
	})),
	{
		files: ['tests/luci/**/*.mjs'],
		languageOptions: { ecmaVersion: 2022, sourceType: 'module', globals: { ...globals.node, ...globals.browser, ...LUCI } },
		rules: strict
	}
];
