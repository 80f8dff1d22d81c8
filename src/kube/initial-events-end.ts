/** KEP-3157: the annotation of the bookmark after which a streamed list is whole. */
export const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';
