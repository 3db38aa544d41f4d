/** One document of an input: its value, or why it cannot be read as JSON. */
export type TextDocument = { readonly value: unknown } | { readonly unreadable: string };

/** Longer than any real document. A longer line or document is skipped, so that memory stays bounded. */
const LONGEST_DOCUMENT = 64 * 1024 * 1024;

/**
 * Finds the JSON documents in a text that arrives piece by piece. Each document fills one line, or several if it is
 * pretty-printed. It is returned as soon as it is complete, so memory never holds the whole input. A line that is not
 * JSON counts as an unreadable document, unless it begins a document that continues on the next lines.
 */
export class DocumentSplitter {
  /** The beginning of a line that has not arrived completely. */
  #line = '';
  /** The lines so far of a document that is spread over several. */
  #begun: string[] = [];
  #begunLength = 0;
  readonly #depth = new BracketDepth();
  /** Whether some document has filled exactly one line. From then on, every line counts as a document. */
  #isLineByLine = false;
  #isSkipping = false;

  /** Takes the next piece of text and returns the documents that it completes. */
  *push(piece: string): Generator<TextDocument> {
    let from = 0;
    for (let end = piece.indexOf('\n'); end !== -1; end = piece.indexOf('\n', from)) {
      const line = this.#line + piece.slice(from, end);
      from = end + 1;
      this.#line = '';
      if (this.#isSkipping) this.#isSkipping = false;
      else yield* this.#takeLine(line);
    }
    if (this.#isSkipping) return;
    this.#line += piece.slice(from);
    if (this.#line.length > LONGEST_DOCUMENT) {
      this.#line = '';
      this.#isSkipping = true;
      yield { unreadable: 'the line is longer than any document may be' };
    }
  }

  /** Returns what is left at the end of the input. */
  *end(): Generator<TextDocument> {
    const line = this.#line;
    this.#line = '';
    if (!this.#isSkipping) yield* this.#takeLine(line);
    if (this.#begun.length > 0) yield parse(this.#takeBegun().join('\n'));
  }

  *#takeLine(line: string): Generator<TextDocument> {
    if (line.trim() === '') return;
    if (this.#begun.length > 0) return yield* this.#continueWith(line);
    const document = parse(line);
    if ('value' in document) this.#isLineByLine = true;
    else if (!this.#isLineByLine && this.#depth.after(line) > 0) {
      this.#keep(line);
      return;
    }
    this.#depth.reset();
    yield document;
  }

  *#continueWith(line: string): Generator<TextDocument> {
    // In an input with one document per line, the first line may be broken. It then looks like the beginning of a
    // document that spans lines, until a line with a complete document follows.
    const alone = line.includes('"minutes"') ? parse(line) : undefined;
    if (alone !== undefined && 'value' in alone && isWhole(alone.value)) {
      for (const broken of this.#takeBegun()) yield parse(broken);
      this.#isLineByLine = true;
      yield alone;
      return;
    }
    this.#keep(line);
    if (this.#depth.after(line) <= 0) yield parse(this.#takeBegun().join('\n'));
    else if (this.#begunLength > LONGEST_DOCUMENT) {
      this.#takeBegun();
      yield { unreadable: 'the document does not end' };
    }
  }

  #keep(line: string): void {
    this.#begun.push(line);
    this.#begunLength += line.length;
  }

  #takeBegun(): string[] {
    const lines = this.#begun;
    this.#begun = [];
    this.#begunLength = 0;
    this.#depth.reset();
    return lines;
  }
}

/**
 * How many brackets are open, not counting those in strings. Each line can be scanned by itself, because a JSON string
 * never spans lines.
 */
class BracketDepth {
  #depth = 0;

  after(line: string): number {
    for (const [token] of line.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
      if (token === '{' || token === '[') this.#depth++;
      else if (token === '}' || token === ']') this.#depth--;
    }
    return this.#depth;
  }

  reset(): void {
    this.#depth = 0;
  }
}

function isWhole(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'minutes' in value;
}

function parse(text: string): TextDocument {
  try {
    return { value: JSON.parse(text.trim()) };
  } catch (error) {
    return { unreadable: `not JSON: ${error instanceof Error ? error.message : error}` };
  }
}
