// Package useragent takes user agents apart for the door: which browser on
// which system, on what kind of device, and whether it is a bot.
//
//	door, err := ingest.New(ingest.Config{UserAgent: useragent.New(), …})
//
// Names of browsers, systems and devices come from closed lists, so that no
// stranger's text becomes a value to break down by; versions have digits and
// dots. What is not known is empty: a guess would be counted like a fact.
// Browsers write user agents to be taken for others and to tell little: all of
// Windows since 2015 is version 10, of macOS 10.15.7, and an iPad says that it
// is a Mac.
//
// Bots are those that say so. A program in the disguise of a browser is a
// browser here; no user agent tells.
package useragent
