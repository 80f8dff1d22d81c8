import { listAt, valueAt, type KubeObject } from './kube-object.ts';
import type { ObjectStore } from './objects.ts';
import { CLUSTER_ROLES } from './resource-type.ts';

/**
 * Keeps the rules of aggregated ClusterRoles (view, edit, admin) equal to the union of the roles that
 * their label selectors name, as the controller of kube-controller-manager does. Returns how to end it.
 */
export function aggregateClusterRoles(objects: ObjectStore): () => void {
  let isRunning = false;

  function settle(): void {
    // Writing a role below calls back here; the outer run goes round again instead.
    if (isRunning) return;
    isRunning = true;
    while (writeOne(objects));
    isRunning = false;
  }

  settle();
  return objects.subscribe(CLUSTER_ROLES, settle);
}

/** Writes the first aggregated role whose rules are out of date. False when there is none. */
function writeOne(objects: ObjectStore): boolean {
  const roles = objects.snapshot(CLUSTER_ROLES).objects;
  for (const role of roles) {
    const selectors = listAt(role, 'aggregationRule', 'clusterRoleSelectors');
    if (selectors.length === 0) continue;
    const parts = roles.filter(
      (part) => part !== role && selectors.some((selector) => matches(selector, part)),
    );
    const rules = distinct(parts.flatMap((part) => listAt(part, 'rules')));
    if (JSON.stringify(rules) === JSON.stringify(listAt(role, 'rules'))) continue;
    objects.put(CLUSTER_ROLES, { ...role, rules } as KubeObject);
    return true;
  }
  return false;
}

function matches(selector: unknown, { metadata }: KubeObject): boolean {
  const wanted = Object.entries(valueAt(selector, 'matchLabels') ?? {});
  const labels = new Map(Object.entries(metadata.labels ?? {}));
  return wanted.length > 0 && wanted.every(([key, value]) => labels.get(key) === value);
}

function distinct(rules: readonly unknown[]): unknown[] {
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()];
}
