import type { ObjectSchema } from '../../apimachinery/type-schema.ts';
import type { AnyResource, KindSchema } from '../api-group.ts';
import { kindExtension } from './group-version-kind.ts';
import type { GroupVersionKind } from './group-version-kind.ts';
import { LIST_META, OBJECT_META, TYPE_FIELDS } from './meta-types.ts';

/** The types of a resource: what the tenant says of its kind, with what every object and every list has. */
export interface ResourceTypes {
  readonly kind: GroupVersionKind;
  readonly item: ObjectSchema;
  readonly list: ObjectSchema;
}

export function resourceTypes(
  { kind, listKind }: AnyResource,
  schema: KindSchema,
  place: Omit<GroupVersionKind, 'kind'>,
): ResourceTypes {
  const { description, listDescription, itemsDescription } = schema;
  const item: ObjectSchema = {
    name: `${schema.package}${kind}`,
    description,
    fields: [
      ...TYPE_FIELDS,
      ...(schema.hasMetadata === false
        ? []
        : [
            {
              name: 'metadata',
              type: OBJECT_META,
              embedded: true,
              description: `Name and labels of what the ${kind} is about.`,
            },
          ]),
      ...schema.fields,
    ],
    extensions: kindExtension({ ...place, kind }),
  };
  const list: ObjectSchema = {
    name: `${schema.package}${listKind}`,
    description: listDescription,
    fields: [
      ...TYPE_FIELDS,
      {
        name: 'metadata',
        type: LIST_META,
        embedded: true,
        description: 'What is to be known of the list as a whole.',
      },
      { name: 'items', type: { list: item }, required: true, description: itemsDescription },
    ],
    extensions: kindExtension({ ...place, kind: listKind }),
  };
  return { kind: { ...place, kind }, item, list };
}
