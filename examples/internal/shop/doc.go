// Package shop makes up the traffic of a small web shop: visitors who arrive,
// look around, put things into a cart, sign in and order, on one device or on
// two. Equal seeds make equal traffic, so that a demo can be repeated and its
// numbers compared.
package shop
