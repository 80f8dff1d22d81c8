export interface Kubelet { url: string }
