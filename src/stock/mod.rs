//! How much may be sold, and from where. Pure: no files, clock or network.
