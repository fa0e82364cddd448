//! Files and their formats: atomic writes, bounded reads, CSV, Parquet with checksums, numbered parts, extended XYZ, POSCAR, NPZ, LAMMPS data.

pub mod atomic;
pub mod checksum;
pub mod csv;
pub mod lammps;
pub mod npz;
pub mod number;
pub mod parquet;
pub mod parts;
mod poscar;
pub mod structure;
pub mod text;
pub mod xyz;
