// The texts of the page: what its sources call _() and N_() with, and what the catalogues say.
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const app = fileURLToPath(new URL('../../../luci', import.meta.url));

export function sources(folder = join(app, 'htdocs')) {
	return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
		const path = join(folder, entry.name);
		return entry.isDirectory() ? sources(path) : entry.name.endsWith('.js') ? [path] : [];
	}).sort();
}

const unquote = text => text.replace(/\\(.)/g, (all, c) => c === 'n' ? '\n' : c);

// [{text, plural, places}] in the order of first mention.
export function used() {
	const all = new Map();
	const add = (text, plural, place) => {
		const entry = all.get(text) || { text, plural, places: [] };
		entry.plural = entry.plural || plural;
		entry.places.push(place);
		all.set(text, entry);
	};

	for (const file of sources()) {
		const place = relative(app, file);
		for (const m of readFileSync(file, 'utf8').matchAll(/\b_\('((?:[^'\\]|\\.)*)'\)|\bN_\([^'"]*?'((?:[^'\\]|\\.)*)',\s*'((?:[^'\\]|\\.)*)'\)/g))
			m[1] === undefined ? add(unquote(m[2]), unquote(m[3]), place) : add(unquote(m[1]), null, place);
	}

	const menu = 'root/usr/share/luci/menu.d/luci-app-certkeeper.json';
	for (const node of Object.values(JSON.parse(readFileSync(join(app, menu), 'utf8'))))
		add(node.title, null, menu);

	return [...all.values()];
}

// Calls whose text is not written out where it is called: nobody could translate them.
export function unreadable() {
	return sources().flatMap(file => [...readFileSync(file, 'utf8').matchAll(/\b_\((?!')[^)]{0,60}/g)].map(m => `${relative(app, file)}: ${m[0]}`));
}

// A catalogue: Map of text → [translations].
export function catalogue(file) {
	const out = new Map();
	let entry = {}, key = null;

	const flush = () => {
		if (entry.msgid)
			out.set(entry.msgid, Object.keys(entry).filter(k => k.startsWith('msgstr')).map(k => entry[k]));
		entry = {};
	};

	for (const line of readFileSync(file, 'utf8').split('\n')) {
		const m = /^(msgid|msgid_plural|msgstr(?:\[\d\])?) "(.*)"$/.exec(line);
		const more = /^"(.*)"$/.exec(line);
		if (m) {
			if (m[1] === 'msgid')
				flush();
			key = m[1];
			entry[key] = unquote(m[2]);
		}
		else if (more && key)
			entry[key] += unquote(more[1]);
	}
	flush();
	return out;
}

const quote = text => `"${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`;

// The text of a catalogue with these translations (none: the template).
export function written(language, translations) {
	const head = language ? `msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Language: ${language}\\n"\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n` :
		'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8"\n';
	const body = used().map(({ text, plural, places }) => {
		const said = translations && translations.get(text) || [];
		const lines = [...new Set(places)].sort().map(p => `#: ${p}`);
		lines.push(`msgid ${quote(text)}`);
		if (plural)
			lines.push(`msgid_plural ${quote(plural)}`, `msgstr[0] ${quote(said[0] || '')}`, `msgstr[1] ${quote(said[1] || '')}`);
		else
			lines.push(`msgstr ${quote(said[0] || '')}`);
		return lines.join('\n');
	});
	return [head, ...body].join('\n').replace(/\n\n\n/g, '\n\n') + (body.length ? '\n' : '');
}
