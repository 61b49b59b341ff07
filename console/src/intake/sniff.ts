/**
 * What a delimited text file looks like, from its first bytes: encoding, delimiter, header, first rows. Pure, and
 * only for a look in the browser: the zone finds out for itself what it stores.
 */

/** How much of a file is looked at. */
export const HEAD_BYTES = 64 * 1024;

/** Encodings that the zone reads. */
export const ENCODINGS = ['utf-8', 'utf-8-bom', 'gb18030', 'utf-16le', 'utf-16be'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** Delimiters that the zone looks for. */
export const DELIMITERS = [',', '\t', ';', '|'] as const;
export type Delimiter = (typeof DELIMITERS)[number];

/** What was seen. */
export interface Seen {
  encoding: Encoding;
  delimiter: Delimiter;
  header: string[];
  /** First rows, as text; cells as they stand. */
  rows: string[][];
  /** Rows in the part looked at whose number of cells is not the header's. */
  ragged: number;
  /** Lines in the part looked at that the encoding cannot explain. */
  unreadable: number;
  /** Rows in the part looked at. */
  looked: number;
}

const ROWS = 10;
const LF = 10;

function starts(bytes: Uint8Array, mark: number[]): boolean {
  return mark.every((b, i) => bytes[i] === b);
}

/** Without a mark, plain text in UTF-16 shows by its zero bytes on one side of each pair. */
function utf16(bytes: Uint8Array): Encoding | null {
  const pairs = Math.floor(Math.min(bytes.length, 4096) / 2);
  if (pairs < 4) return null;
  let even = 0;
  let odd = 0;
  for (let i = 0; i < pairs; i += 1) {
    if (bytes[2 * i] === 0) even += 1;
    if (bytes[2 * i + 1] === 0) odd += 1;
  }
  if (odd > pairs * 0.3 && even === 0) return 'utf-16le';
  return even > pairs * 0.3 && odd === 0 ? 'utf-16be' : null;
}

/** Lines of bytes, without the line feeds; the last one is left out where the head was cut in it. */
function lines(bytes: Uint8Array, cut: boolean): Uint8Array[] {
  const found: Uint8Array[] = [];
  let from = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, from)) {
    found.push(bytes.subarray(from, at));
    from = at + 1;
  }
  if (from < bytes.length && (!cut || found.length === 0)) found.push(bytes.subarray(from));
  return found;
}

function decodes(line: Uint8Array, label: string): boolean {
  try {
    new TextDecoder(label, { fatal: true }).decode(line);
    return true;
  } catch {
    return false;
  }
}

/** The encoding of a file by its head. */
export function encodingOf(head: Uint8Array, cut: boolean): Encoding {
  if (starts(head, [0xef, 0xbb, 0xbf])) return 'utf-8-bom';
  if (starts(head, [0x84, 0x31, 0x95, 0x33])) return 'gb18030';
  if (starts(head, [0xff, 0xfe])) return 'utf-16le';
  if (starts(head, [0xfe, 0xff])) return 'utf-16be';
  const wide = utf16(head);
  if (wide) return wide;
  let utf8 = 0;
  let gb = 0;
  for (const line of lines(head, cut)) {
    if (line.every((b) => b < 0x80)) continue;
    if (decodes(line, 'utf-8')) utf8 += 1;
    else if (decodes(line, 'gb18030')) gb += 1;
  }
  return gb > utf8 ? 'gb18030' : 'utf-8';
}

/** The text of the head, and how many of its lines the encoding cannot explain. */
export function textOf(head: Uint8Array, encoding: Encoding, cut: boolean): { text: string; bad: number } {
  if (encoding === 'utf-16le' || encoding === 'utf-16be') {
    const even = head.subarray(0, head.length - (head.length % 2));
    const text = new TextDecoder(encoding).decode(even);
    const whole = cut ? text.slice(0, text.lastIndexOf('\n') + 1 || text.length) : text;
    return { text: whole, bad: whole.split('\n').filter((line) => line.includes('\ufffd')).length };
  }
  const label = encoding === 'gb18030' ? 'gb18030' : 'utf-8';
  const skipped = encoding === 'utf-8-bom' && starts(head, [0xef, 0xbb, 0xbf]) ? head.subarray(3) : head;
  let bad = 0;
  const texts = lines(skipped, cut).map((line) => {
    if (!decodes(line, label)) bad += 1;
    return new TextDecoder(label).decode(line);
  });
  return { text: texts.join('\n'), bad };
}

/** Counts delimiters of a line outside of quotes. */
function count(line: string, delimiter: string): number {
  let quoted = false;
  let n = 0;
  for (const c of line) {
    if (c === '"') quoted = !quoted;
    else if (!quoted && c === delimiter) n += 1;
  }
  return n;
}

/** The delimiter that the first line holds most of; a comma where it holds none. */
export function delimiterOf(text: string): Delimiter {
  const first = text.split('\n', 1)[0] ?? '';
  let best: Delimiter = ',';
  for (const one of DELIMITERS) if (count(first, one) > count(first, best)) best = one;
  return best;
}

/** Records of a text: cells by delimiter, quotes doubled inside quotes, blank lines passed over. */
export function records(text: string, delimiter: Delimiter, cut: boolean): string[][] {
  const found: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  const end = () => {
    row.push(cell);
    cell = '';
    if (row.length > 1 || row[0] !== '') found.push(row);
    row = [];
  };
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i] as string;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else quoted = false;
    } else if (c === '"' && cell === '') quoted = true;
    else if (c === delimiter) {
      row.push(cell);
      cell = '';
    } else if (c === '\n') end();
    else if (c !== '\r' || (text[i + 1] !== '\n' && i + 1 < text.length)) cell += c;
  }
  // A quote that is still open was cut off with the head.
  if ((cell !== '' || row.length > 0) && !(cut && quoted)) end();
  return found;
}

/**
 * Looks at the head of a file.
 *
 * @param cut whether the file goes on behind it
 * @param as what to read it as, where the person says so
 */
export function sniff(
  head: Uint8Array,
  cut: boolean,
  as: { encoding?: Encoding | undefined; delimiter?: Delimiter | undefined } = {},
): Seen {
  const encoding = as.encoding ?? encodingOf(head, cut);
  const { text, bad } = textOf(head, encoding, cut);
  const delimiter = as.delimiter ?? delimiterOf(text);
  const all = records(text, delimiter, cut);
  const header = (all[0] ?? []).map((name) => name.trim());
  const body = all.slice(1);
  return {
    encoding,
    delimiter,
    header,
    rows: body.slice(0, ROWS),
    ragged: body.filter((row) => row.length !== header.length).length,
    unreadable: bad,
    looked: body.length,
  };
}

/** A table name as SQL knows names without quotes, from the name of a file. */
export function tableName(file: string): string {
  const stem = file.replace(/\.[^.]*$/, '').toLowerCase();
  const plain = stem.replace(/[^a-z0-9_]+/g, '_').replace(/^_+|_+$/g, '');
  const named = /^[a-z_]/.test(plain) ? plain : `t_${plain}`;
  return named.slice(0, 64).replace(/_+$/, '');
}

/** Whether a text is such a name. */
export function isTableName(name: string): boolean {
  return /^[a-z_][a-z0-9_]{0,63}$/.test(name);
}

/** The first bytes of a file up to a whole line: at most `most` bytes, cut behind the last line feed. */
export function sampleEnd(bytes: Uint8Array, encoding: Encoding): number {
  const wide = encoding === 'utf-16le' ? 0 : encoding === 'utf-16be' ? 1 : null;
  for (let at = bytes.lastIndexOf(LF); at >= 0; at = at > 0 ? bytes.lastIndexOf(LF, at - 1) : -1) {
    if (wide === null) return at + 1;
    const unit = at - wide;
    const other = bytes[wide === 0 ? at + 1 : at - 1];
    if (unit % 2 === 0 && other === 0) return unit + 2;
  }
  return bytes.length;
}
