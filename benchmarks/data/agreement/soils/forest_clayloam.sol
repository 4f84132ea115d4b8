2006.2
Unburned - forest clay loam
1 1
'Forest clay loam' 'clay loam' 1 0.3 0.5 400000.0 0.0002 1.0 30.0
400.0 25.0 30.0 5.0 25.0 15.0
1 25.0 3.6e-05
