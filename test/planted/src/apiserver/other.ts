import { app } from './app.ts';

export const other: unknown = () => app;
