import type { Logger } from '../log.ts';
import { AuthenticationSettings } from './authentication-settings.ts';
import type { AuthenticationConfig } from './authentication-settings.ts';
import { Informer } from './informer.ts';
import type { InformerOptions } from './informer.ts';
import { memberOf, textEntriesOf, textOf } from './json-value.ts';
import type { Mirror } from './relist.ts';

const NAME = 'extension-apiserver-authentication';

const RESOURCE = {
  name: `configmap kube-system/${NAME}`,
  path: '/api/v1/namespaces/kube-system/configmaps',
  fieldSelector: `metadata.name=${NAME}`,
  listAccept: 'application/json',
  watchAccept: 'application/json',
  remedy:
    `Bind the Role extension-apiserver-authentication-reader in kube-system to our account ` +
    '(RoleBinding metrics-server-auth-reader)',
};

export type AuthenticationConfigInformerOptions = Omit<InformerOptions, 'resource'>;

/**
 * Follows the ConfigMap in which the cluster says whom an extension API server may believe. It may be
 * missing, and come later; when it goes, or an update makes no sense, the last good values stay. Synced is
 * who knows what it says, or that there is none.
 */
export class AuthenticationConfigInformer extends Informer {
  private readonly configMap: ConfigMapMirror;

  constructor(options: AuthenticationConfigInformerOptions) {
    const configMap = new ConfigMapMirror(options.log);
    super(configMap, { ...options, resource: RESOURCE });
    this.configMap = configMap;
  }

  /** The same object until something changes. */
  current(): AuthenticationConfig {
    return this.configMap.settings.current;
  }

  /** Grows with each change of `current()`. */
  get generation(): number {
    return this.configMap.settings.generation;
  }
}

class ConfigMapMirror implements Mirror {
  readonly settings: AuthenticationSettings;
  private readonly log: Logger;
  private readonly record = {};

  constructor(log: Logger) {
    this.log = log;
    this.settings = new AuthenticationSettings(log);
  }

  upsert(object: unknown): object | undefined {
    // A server that does not know the field selector sends its neighbours as well.
    if (textOf(memberOf(memberOf(object, 'metadata'), 'name')) !== NAME) return undefined;
    this.settings.update(new Map(textEntriesOf(memberOf(object, 'data'))));
    return this.record;
  }

  remove(object: unknown): void {
    if (textOf(memberOf(memberOf(object, 'metadata'), 'name')) !== NAME) return;
    this.log.info({ configMap: NAME }, 'ConfigMap was deleted, kept what it said');
  }

  /** As upstream: that it is gone changes nothing. */
  retain(): void {
    return;
  }
}
