// Package snapshot keeps a register of citizens in a folder, sealed, and answers
// who a caller is while the next register is being imported.
//
//	summary, err := snapshot.Import(ctx, dir, key, csv, snapshot.Options{})
//	registry, err := snapshot.Open(dir, key)
//	go registry.Watch(ctx, time.Second*5, report) // takes up later imports
//	person, outcome, err := registry.Identify(keys, second)
//
// The folder holds manifest.json, which names the snapshot that counts, and that
// one snapshot. An import reads the CSV in one pass on all cores, sorts it in
// pieces that it keeps sealed on disk, merges them into a new snapshot, and only
// then renames the new manifest over the old: whoever reads the folder sees the
// old register or the new one, whole. An import that fails in any way leaves the
// old one serving. The folder must be on a disk of this machine.
//
// A snapshot is, in this order:
//
//	header    4096 bytes: what the file is, which key sealed it, a random salt,
//	          and sealed: the number of rows and of bytes that follow
//	records   128 bytes a row, sealed one by one, in ascending order of the keys
//	          that a caller presses for the row's code; so the number of a row in
//	          the index is its place in the file, and a record costs one read
//	overflow  records that are longer than that, sealed one by one
//	keys      the keys of all rows, sealed in blocks: the index, read into memory
//
// Everything of a person is sealed with AES-256-GCM under a key derived from the
// caller's key and the file's salt (HKDF-SHA256). The nonce of each piece is its
// kind and its number, so no nonce repeats under one derived key, and a piece
// that was changed, cut off or moved to another place does not open.
//
// Only the index is in memory: eight bytes a citizen, plus 1/64.
package snapshot
