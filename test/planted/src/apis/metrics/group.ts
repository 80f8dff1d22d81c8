// Planted: a tenant that takes more than the contract.
import { app } from '../../apiserver/app.ts';

export const planted = app;
