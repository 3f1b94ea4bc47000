// Package imagefiles compares the files and the configuration of two images.
//
// [Read] takes the files of an image from a tar of its root file system, as
// BuildKit's tar exporter writes it, and keeps of each what a container sees of it:
// type, mode, owner, a digest of its content, link, extended attributes and device
// number. Times are not kept, since no two builds have the same. [Compare] lists what
// differs. Two things take differences off that list: [Steady] those that two
// executions of one and the same build show as well, and [Undeclared] those that
// are expected.
//
// Of a configuration only names are shown, never values: they may be secret.
package imagefiles
