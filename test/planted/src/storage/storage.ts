// Planted: a room that imports another room, and a package whose door is elsewhere.
import { request } from 'undici';
import type { Kubelet } from '../kubelet/kubelet.ts';

export const planted = (kubelet: Kubelet) => request(kubelet.url);
