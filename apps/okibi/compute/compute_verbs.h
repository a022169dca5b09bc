// What the program finds in okibi_compute.so, by name.
#pragma once

extern "C" {
int okibi_verb_train(int count, char** arguments);
int okibi_verb_predict(int count, char** arguments);
int okibi_verb_script(int count, char** arguments);
int okibi_verb_run(int count, char** arguments);
int okibi_verb_save_script(int count, char** arguments);
}
