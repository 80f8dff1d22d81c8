import { isIPv6 } from 'node:net';

/** In upstream's words, and on the next line what to do about it. */
export function listenError(err: unknown, bindAddress: string, port: number): Error {
  const address = `${isIPv6(bindAddress) ? `[${bindAddress}]` : bindAddress}:${port}`;
  return new Error(
    `failed to create listener: failed to listen on ${address}: ${reasonOf(err, address, port)}`,
    { cause: err },
  );
}

function reasonOf(err: unknown, address: string, port: number): string {
  const code = Error.isError(err) && 'code' in err ? err.code : undefined;
  const bind = `listen tcp ${address}: bind:`;
  switch (code) {
    case 'ERR_SOCKET_BAD_PORT':
      return `listen tcp: address ${port}: invalid port\n--secure-port goes from 1 to 65535`;
    case 'EADDRINUSE':
      return `${bind} address already in use\nChoose another --secure-port, or end the process that holds it`;
    case 'EACCES':
      return `${bind} permission denied\nPorts below 1024 need the capability NET_BIND_SERVICE: choose a --secure-port above 1023`;
    case 'EADDRNOTAVAIL':
      return `${bind} cannot assign requested address\n--bind-address is no address of this machine`;
    default:
      return `${bind} ${Error.isError(err) ? err.message : String(err)}`;
  }
}
