// Anything shorter than these lengths is not redacted: redacting it would blank out ordinary words and digits
// everywhere, even in machine-read output.
const SHORTEST_FORM = 4;
const SHORTEST_LINE = 8;
const SHORTEST_IN_BASE64 = 12;

/** The forms in which a secret may appear: the value and each of its lines, plain and encoded. */
export function formsOf(value: string): Set<string> {
  const lines = value.split(/\r?\n/).filter((line) => isSecretAlone(line.trim()));
  const values = new Set([value, ...lines, ...lines.map((line) => line.trim())]);
  const forms = [...values].flatMap(encodingsOf).filter((form) => form.length >= SHORTEST_FORM);
  return new Set(forms);
}

/**
 * Whether a line of a value is secret on its own. The first and last lines of a key are not: they are the same in every
 * key.
 */
function isSecretAlone(line: string): boolean {
  return line.length >= SHORTEST_LINE && !/^-----(?:BEGIN|END) /.test(line);
}

function encodingsOf(value: string): string[] {
  // `encodeURIComponent` throws on half a surrogate pair, so `toWellFormed` replaces it.
  const url = encodeURIComponent(value.toWellFormed());
  const strict = url.replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const json = JSON.stringify(value).slice(1, -1);
  return [
    value,
    ...[url, strict].flatMap((form) => [form, lowerCaseHex(form), form.replaceAll('%20', '+')]),
    json,
    // PHP and others write `/` as `\/` in JSON; Go and browsers write HTML's special characters as `\u003c` and the
    // like.
    json.replaceAll('/', '\\/'),
    ...[json, json.replaceAll('/', '\\/')].map((form) => form.replace(/[<>&'=+]/g, unicodeEscape)),
    json.replace(/[<>&]/g, unicodeEscape),
    ...htmlForms(value),
    ...base64Forms(value),
  ];
}

function lowerCaseHex(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function htmlForms(value: string): string[] {
  const minimal = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quoted = minimal.replaceAll('"', '&quot;');
  return [
    minimal,
    quoted,
    ...['&#39;', '&#x27;', '&apos;'].map((apostrophe) => quoted.replaceAll("'", apostrophe)),
  ];
}

/**
 * The value in base64, on its own and after other text, such as the name in `Basic` credentials
 * (https://www.rfc-editor.org/rfc/rfc7617). After other text, only the characters that depend on the value alone are
 * used.
 */
function base64Forms(value: string): string[] {
  const inner = [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]);
    // Base64 turns three bytes into four characters, so the characters at the edges also depend on neighbouring bytes.
    const whole = bytes
      .toString('base64')
      .slice(Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6));
    return whole.length < SHORTEST_IN_BASE64 ? [] : [whole, whole.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [Buffer.from(value).toString('base64'), Buffer.from(value).toString('base64url'), ...inner];
}
