/** What a header field may hold: no line may end in it (RFC 9110 5.5). */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The header fields that all requests have in common, made anew when our token is another one. */
export class RequestFields {
  readonly #userAgent: string;
  #token: string | undefined;
  #text: string;

  constructor(userAgent: string) {
    this.#userAgent = userAgent;
    this.#text = fieldsOf(userAgent, undefined);
  }

  /**
   * A whole GET without a body, a character a byte.
   *
   * @param path path and query, escaped as in a URL
   * @param host host and port as they stand in a URL
   * @throws TypeError when the token can stand in no header
   */
  get(path: string, host: string, token: string | undefined): string {
    if (token !== this.#token) {
      this.#text = fieldsOf(this.#userAgent, token);
      this.#token = token;
    }
    return `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${this.#text}`;
  }
}

function fieldsOf(userAgent: string, token: string | undefined): string {
  const fields = [field('connection', 'keep-alive'), field('user-agent', userAgent)];
  if (token !== undefined) fields.push(field('authorization', `Bearer ${token}`));
  return `${fields.join('')}\r\n`;
}

function field(name: string, value: string): string {
  // Without the value, which may be a secret.
  if (!FIELD_VALUE.test(value)) throw new TypeError(`invalid ${name} header`);
  return `${name}: ${value}\r\n`;
}
