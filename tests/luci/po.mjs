// Writes luci/po anew from the sources: `node po.mjs`. Translations stay; what is new is empty.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { app, catalogue, written } from './support/words.mjs';

const german = join(app, 'po/de/certkeeper.po');

writeFileSync(join(app, 'po/templates/certkeeper.pot'), written(null, null));
writeFileSync(german, written('de', existsSync(german) ? catalogue(german) : new Map()));
