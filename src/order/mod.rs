//! What may follow what in the life of an order, and what each step does to stock. Pure: no files, clock or network.
