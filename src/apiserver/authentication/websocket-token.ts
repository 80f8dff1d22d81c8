import { AuthenticationError, type Authenticator } from './authenticator.ts';
import type { TokenLookup } from './bearer-token.ts';
import type { HeaderView } from './header-view.ts';

const PREFIX = 'base64url.bearer.authorization.k8s.io.';

/**
 * The token that browsers hide among the subprotocols of a WebSocket, since they can send no
 * Authorization header there. As upstream: apiserver/pkg/authentication/request/websocket.
 */
export function webSocketTokenAuthenticator(userOf: TokenLookup): Authenticator {
  return {
    authenticate({ headers }, signal) {
      const token = isWebSocket(headers) ? subprotocolToken(headers) : undefined;
      return token === undefined ? undefined : userOf(token, signal);
    },
  };
}

function isWebSocket(headers: HeaderView): boolean {
  const connection = elements(headers, 'connection').map((option) => option.toLowerCase());
  return connection.includes('upgrade') && headers.get('upgrade')?.toLowerCase() === 'websocket';
}

/** Undefined when there is none. Another subprotocol must stand beside it, for the server to choose. */
function subprotocolToken(headers: HeaderView): string | undefined {
  const protocols = elements(headers, 'sec-websocket-protocol');
  const tokens = protocols.filter((protocol) => protocol.startsWith(PREFIX));
  const [token] = tokens;
  if (token === undefined) return undefined;
  const problem = problemOf(token.slice(PREFIX.length), tokens.length, protocols.length);
  if (problem !== undefined) {
    throw new AuthenticationError(`Cannot read the token of a WebSocket: ${problem}`);
  }
  return Buffer.from(token.slice(PREFIX.length), 'base64url').toString('utf8');
}

function problemOf(encoded: string, tokens: number, protocols: number): string | undefined {
  if (tokens > 1) return 'there is more than one';
  if (protocols < 2) return 'no other subprotocol stands beside it';
  return /^[\w-]+$/.test(encoded) ? undefined : 'it is not base64url';
}

function elements(headers: HeaderView, name: string): string[] {
  return headers
    .values(name)
    .flatMap((line) => line.split(','))
    .map((element) => element.trim());
}
