const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;

/** The rule for names such as those of nodes and service accounts, in the API server's words. */
export const SUBDOMAIN_SYNTAX = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`;

const MAX_LABEL_BYTES = 63;
export const MAX_SUBDOMAIN_BYTES = 253;

const LABEL_PATTERN = new RegExp(`^${LABEL}$`);
const SUBDOMAIN_PATTERN = new RegExp(`^${SUBDOMAIN}$`);

/** Whether it is spelt as a subdomain of RFC 1123; its length is another question. */
export function isSubdomainSpelling(text: string): boolean {
  return SUBDOMAIN_PATTERN.test(text);
}

/** Names of nodes and service accounts. */
export function isSubdomain(text: string): boolean {
  return text.length <= MAX_SUBDOMAIN_BYTES && isSubdomainSpelling(text);
}

/** Names of namespaces: one label, without dots. */
export function isDnsLabel(text: string): boolean {
  return text.length <= MAX_LABEL_BYTES && LABEL_PATTERN.test(text);
}
